/** The parts that the WGSL of linear layers shares: the loops over the depth, and how a weight is read. */
import { unroll } from './define-kernel.ts';
import type { WeightStorage } from './half-weights.ts';
import type { LinearVariant, RegisterVariant } from './linear-code.ts';
import { atTop } from './shader-top.ts';

/** What a sum begins with. */
export const startOf = ({ hasBias }: { readonly hasBias: boolean }, vector: string): string =>
  hasBias ? `bias[${vector}]` : 'vec4<f32>(0.0)';

/** A tile of sums that an invocation holds in registers. */
export interface RegisterTile {
  readonly rows: number;
  readonly vectors: number;
}

/**
 * One step of the loop over the depth: `step` numbers of each row of x times as many rows of the weight. All of the step's weights are
 * read before its first product: a driver that computes on the processor reads each lane's by branches of its own, and stores the sums
 * at each branch. Reading all of x there too is slower on SwiftShader.
 * @param xOf WGSL of what `row` has here
 */
const multiplyCode = (
  { rows, vectors }: RegisterTile,
  step: number,
  xOf: (row: number) => string,
): string => {
  const each = (code: (component: number, v: number) => string): string =>
    unroll(step, (component) => unroll(vectors, (v) => code(component, v)));
  return `
      ${each((c, v) => `let weights_${c}_${v} = weightAt(w_${v} + ${c} * stride);`)}
      ${unroll(vectors, (v) => `w_${v} += ${step} * stride;`)}
      ${unroll(
        rows,
        (i) => `{
        let own = ${xOf(i)};
        ${each((c, v) => `sum_${i}_${v} += own${step === 1 ? '' : `[${c}]`} * weights_${c}_${v};`)}
      }`,
      )}`;
};

/** The loop of `registersCode` in linear-code. */
export const registersLoop = (tile: RegisterTile, step: number): string => `
    for (var k = 0; k < depth; k++) {
      ${multiplyCode(tile, step, (i) => `x[from_${i} + k]`)}
    }`;

/** The loop of `subgroupCode` there. */
export const subgroupLoop = (tile: RegisterTile): string => `
    let size = i32(subgroupAdd(1u));
    let lane = i32(subgroupExclusiveAdd(1u));
    for (var first = 0; first < depth; first += size) {
      let at = min(first + lane, depth - 1);
      ${unroll(tile.rows, (i) => `let own_${i} = x[from_${i} + at];`)}
      let count = min(size, depth - first);
      for (var k = 0; k < count; k++) {
        ${multiplyCode(tile, 4, (i) => `subgroupShuffle(own_${i}, u32(k))`)}
      }
    }`;

/**
 * The loop over the depth of one of these, for a kernel that declares what the linear kernel does: `depth`, `stride`,
 * `from_<row>`, `w_<vector>` and `sum_<row>_<vector>`. x is read as vectors.
 */
export const productLoop = (variant: RegisterVariant): string =>
  variant.kind === 'registers' ? registersLoop(variant, 4) : subgroupLoop(variant);

/** What goes to the top of a shader whose lanes pass values to each other. */
export const subgroupTop = atTop('enable subgroups; diagnostic(off, subgroup_uniformity);');

/** What goes to the top of a shader with such a loop. */
export const productTop = ({ kind }: LinearVariant): string => (kind === 'subgroup' ? subgroupTop : '');

/** Reads the weight as vectors of four columns, for either storage. */
export const weightCode: Readonly<Record<WeightStorage, string>> = {
  float32: `
  fn weightVectors() -> i32 { return uniforms.weightShape.y / 4; }
  fn weightAt(at: i32) -> vec4<f32> { return weight[at]; }`,
  float16: `
  fn weightVectors() -> i32 { return uniforms.weightShape.y / 2; }
  fn weightAt(at: i32) -> vec4<f32> {
    let pairs = bitcast<vec2<u32>>(weight[at]);
    return vec4<f32>(unpack2x16float(pairs.x), unpack2x16float(pairs.y));
  }`,
};
