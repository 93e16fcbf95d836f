/** The WGSL of a linear layer whose result is added to a residual sum and normalised in the same dispatch. */
import { unroll } from './define-kernel.ts';
import type { WeightStorage } from './half-weights.ts';
import type { LinearVariant, RegisterVariant } from './linear-code.ts';
import { productLoop, productTop, startOf, weightCode } from './linear-loops.ts';
import { written } from './shader-top.ts';

/** Partial sums of a row that are added up before all others add up these. */
const groups = 8;

/** A workgroup has whole rows, so an invocation for each of a row's tiles. */
export const rowLanes = ({ vectors }: RegisterVariant, columns: number): number =>
  Math.ceil(columns / (4 * vectors));

/** The variants that suit a device: whole rows must fit into a workgroup. */
export const fitsRow = (
  variant: LinearVariant,
  columns: number,
  limits: Pick<GPUSupportedLimits, 'maxComputeInvocationsPerWorkgroup' | 'maxComputeWorkgroupSizeX'>,
): variant is RegisterVariant =>
  variant.kind !== 'shared' &&
  rowLanes(variant, columns) <=
    Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX);

/** Sums of a tile's vectors over the whole row: `total_<row>` of `part_<row>`, which every invocation has. */
const totalsCode = (rows: number, lanes: number, name: string, partOf: (row: number) => string): string => `
    ${unroll(rows, (i) => `partials[${i * lanes} + lane] = ${partOf(i)};`)}
    workgroupBarrier();
    for (var at = lane; at < ${rows * groups}; at += ${lanes}) {
      var sum = 0.0;
      let end = (at / ${groups} + 1) * ${lanes};
      for (var i = at / ${groups} * ${lanes} + at % ${groups}; i < end; i += ${groups}) { sum += partials[i]; }
      grouped[at] = sum;
    }
    workgroupBarrier();
    ${unroll(
      rows,
      (i) => `var ${name}_${i} = 0.0;
    for (var i = ${i * groups}; i < ${(i + 1) * groups}; i++) { ${name}_${i} += grouped[i]; }`,
    )}`;

/**
 * Each invocation has a tile of whole rows, as in the linear kernel, and the invocations of a workgroup have the rows'
 * other tiles. So a row's mean and deviation are known without reading the row again. As in LayerNorm the mean comes
 * first. No invocation returns early, because all must reach the barriers.
 */
export function linearNormCode(
  variant: RegisterVariant,
  columns: number,
  options: { readonly hasBias: boolean; readonly storage: WeightStorage },
): string {
  const { rows: tile, vectors: width } = variant;
  const lanes = rowLanes(variant, columns);
  const rows = (code: (row: number) => string): string => unroll(tile, code);
  const vectors = (code: (vector: number) => string): string => unroll(width, code);
  const ofRow = (code: (vector: number) => string): string =>
    Array.from({ length: width }, (_, v) => `select(0.0, ${code(v)}, column + ${v} < vectors)`).join(' + ');
  return `
  ${productTop(variant)}
  ${written('normed')}
  ${weightCode[options.storage]}
  var<workgroup> partials: array<f32, ${tile * lanes}>;
  var<workgroup> grouped: array<f32, ${tile * groups}>;
  fn main() {
    let rows = uniforms.outShape.x;
    let vectors = uniforms.outShape.y / 4;
    let depth = uniforms.xShape.y / 4;
    let stride = weightVectors();
    let tileLane = i32(localIndex);
    let row = i32(workgroupId.y) * ${tile};
    let column = tileLane * ${width};
    ${vectors(
      (v) => `let column_${v} = min(column + ${v}, vectors - 1);
    var w_${v} = column_${v};`,
    )}
    ${rows(
      (i) => `let row_${i} = min(row + ${i}, rows - 1);
    let from_${i} = row_${i} * depth;`,
    )}
    ${rows((i) => vectors((v) => `var sum_${i}_${v} = ${startOf(options, `w_${v}`)};`))}
    ${loopOf(variant)}
    ${rows((i) => vectors((v) => `sum_${i}_${v} += residual[row_${i} * vectors + column_${v}];`))}
    ${normaliseCode()}
  }`;

  function normaliseCode(): string {
    return `{
    let lane = tileLane;
    let width = f32(uniforms.outShape.y);
    ${totalsCode(tile, lanes, 'total', (i) => ofRow((v) => `dot(sum_${i}_${v}, vec4<f32>(1.0))`))}
    ${rows((i) => `let mean_${i} = total_${i} / width;`)}
    ${totalsCode(tile, lanes, 'square', (i) =>
      ofRow((v) => `dot(sum_${i}_${v} - mean_${i}, sum_${i}_${v} - mean_${i})`),
    )}
    ${rows(
      (i) => `let scale_${i} = inverseSqrt(square_${i} / width + uniforms.eps);
    ${vectors(
      (v) => `if (row + ${i} < rows && column + ${v} < vectors) {
      let to = row_${i} * vectors + column_${v};
      result[to] = sum_${i}_${v};
      normed[to] = (sum_${i}_${v} - mean_${i}) * scale_${i} * gain[column_${v}] + shift[column_${v}];
    }`,
    )}`,
    )}
    }`;
  }
}

/** In a scope of its own, since it has names that are used again. */
const loopOf = (variant: RegisterVariant): string => `{ ${productLoop(variant)} }`;
