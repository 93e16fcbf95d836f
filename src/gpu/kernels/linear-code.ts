/**
 * The WGSL of a linear layer: variants with and without shared memory. They are timed on a GPU to choose one
 * (time-kernels).
 */
import { unroll } from './define-kernel.ts';
import type { WeightStorage } from './half-weights.ts';
import {
  productTop,
  registersLoop,
  startOf,
  subgroupLoop,
  weightCode,
  type RegisterTile,
} from './linear-loops.ts';
import { written } from './shader-top.ts';

/** How the work is laid out. Every variant computes the same sums in the same order. */
export type LinearVariant =
  /** An invocation holds `rows` × `vectors` × 4 sums; it reads x and the weight through the caches. */
  | { readonly kind: 'registers'; readonly rows: 4 | 8; readonly vectors: 1 | 2 }
  /** A workgroup of `side` × `side` invocations keeps a tile of x and one of the weight in shared memory. */
  | { readonly kind: 'shared'; readonly rows: 4 | 8; readonly side: 8 | 16 }
  /**
   * As registers, but each lane of a subgroup reads a part of the rows of x and passes it to the others; needs the device
   * feature 'subgroups'.
   */
  | { readonly kind: 'subgroup'; readonly rows: 4 | 8; readonly vectors: 1 | 2 };

/** What follows the sum: nothing, GELU, or both: the sum is the first result and GELU of it the second. */
export type Activation = 'none' | 'gelu' | 'both';

/** Options that change the code of a variant. */
export interface LinearCodeOptions {
  readonly hasBias: boolean;
  readonly hasResidual: boolean;
  readonly activation: Activation;
  readonly storage: WeightStorage;
}

/** The variants whose invocations hold their sums in registers from the first to the last. */
export type RegisterVariant = Exclude<LinearVariant, { kind: 'shared' }>;

/** How much a workgroup computes: [columns in vectors of four, rows]. */
export function workgroupTile(variant: LinearVariant): [vectors: number, rows: number] {
  const [x, y] = workgroupSize(variant);
  return [x * (variant.kind === 'shared' ? 1 : variant.vectors), y * variant.rows];
}

export function workgroupSize(variant: LinearVariant): [number, number, number] {
  switch (variant.kind) {
    case 'registers':
      return [8, 8, 1];
    case 'shared':
      return [variant.side, variant.side, 1];
    case 'subgroup':
      return [32, 1, 1];
  }
}

export const variantName = (variant: LinearVariant): string =>
  variant.kind === 'shared'
    ? `shared-${variant.side}x${variant.side}-${variant.rows}x4`
    : `${variant.kind}-${variant.rows}x${4 * variant.vectors}`;

/** Exact GELU by erf; Abramowitz and Stegun 7.1.26, whose error is at most 1.5e-7. */
const geluCode = `
  fn gelu(v: vec4<f32>) -> vec4<f32> {
    let z = v * ${Math.SQRT1_2};
    let a = abs(z);
    let t = 1.0 / (1.0 + 0.3275911 * a);
    let polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
    return 0.5 * v * (1.0 + sign(z) * (1.0 - polynomial * exp(-a * a)));
  }`;

const storeCode = ({ activation, hasResidual }: LinearCodeOptions, sum: string): string =>
  `result[to] = ${activation === 'gelu' ? `gelu(${sum})` : sum}${hasResidual ? ' + residual[to]' : ''};
      ${activation === 'both' ? `activated[to] = gelu(${sum});` : ''}`;

/**
 * A kernel whose invocations hold tiles of sums in registers.
 * @param step how many numbers of x are read at once; the depth is counted in vectors of this length
 * @param place WGSL that declares `row` and `column`, the first ones of the tile
 * @param along WGSL that loops over the depth, see `multiplyCode`
 */
function registerTileCode(
  { rows: tile, vectors: columns }: RegisterTile,
  step: number,
  options: LinearCodeOptions,
  place: string,
  along: string,
): string {
  const rows = (code: (row: number) => string): string => unroll(tile, code);
  const vectors = (code: (vector: number) => string): string => unroll(columns, code);
  return `
  fn main() {
    let rows = uniforms.outShape.x;
    let vectors = uniforms.outShape.y / 4;
    let depth = uniforms.xShape.y / ${step};
    let stride = weightVectors();
    ${place}
    ${vectors((v) => `var w_${v} = uniforms.firstColumn / 4 + min(column + ${v}, vectors - 1);`)}
    ${rows((i) => `let from_${i} = min(row + ${i}, rows - 1) * depth;`)}
    ${rows((i) => vectors((v) => `var sum_${i}_${v} = ${startOf(options, `w_${v}`)};`))}
    ${along}
    ${rows((i) =>
      vectors(
        (v) => `if (row + ${i} < rows && column + ${v} < vectors) {
      let to = (row + ${i}) * vectors + column + ${v};
      ${storeCode(options, `sum_${i}_${v}`)}
    }`,
      ),
    )}
  }`;
}

/**
 * Uses no shared memory and no barrier: an invocation reads its rows of x and its vectors of columns, and relies on the
 * caches. On SwiftShader this is three to nine times as fast as tiles in shared memory, on lavapipe twice
 * (docs/adr/0006). Rows of x whose width is not a multiple of 4 are read value by value (`step`), for example for patches
 * of an odd side. Products are not written as fma(), which SwiftShader computes slowly; GPUs fuse them anyway.
 */
const registersCode = (tile: RegisterTile, step: number, options: LinearCodeOptions): string =>
  registerTileCode(
    tile,
    step,
    options,
    `let row = i32(globalId.y) * ${tile.rows};
    let column = i32(globalId.x) * ${tile.vectors};
    if (row >= rows || column >= vectors) { return; }`,
    registersLoop(tile, step),
  );

/**
 * All lanes of a workgroup have the same rows. Each lane reads another vector of each row and then passes it to all lanes
 * in turn, so a subgroup reads x only once. The code asks for the subgroup's size at run time, so any size works. No lane
 * returns early, because the others read values from it.
 */
const subgroupCode = (tile: RegisterTile, options: LinearCodeOptions): string =>
  registerTileCode(
    tile,
    4,
    options,
    `let row = i32(workgroupId.y) * ${tile.rows};
    let column = i32(globalId.x) * ${tile.vectors};`,
    subgroupLoop(tile),
  );

/** How many vectors of four a tile in shared memory holds along the depth. */
const tileDepth = 4;

/**
 * The variant that suits most GPUs: tiles of both matrices are copied to shared memory, and many invocations read each
 * number from there.
 */
function sharedCode(
  { rows: perInvocation, side }: Extract<LinearVariant, { kind: 'shared' }>,
  options: LinearCodeOptions,
): string {
  const tileRows = side * perInvocation;
  const invocations = side * side;
  const rows = (code: (row: number) => string): string => unroll(perInvocation, code);
  const load = (count: number, code: string): string =>
    unroll(
      Math.ceil(count / invocations),
      (i) => `{
        let at = lane + ${i * invocations};
        ${count % invocations === 0 ? code : `if (at < ${count}) { ${code} }`}
      }`,
    );
  return `
  var<workgroup> tileX: array<vec4<f32>, ${tileRows * tileDepth}>;
  var<workgroup> tileWeight: array<vec4<f32>, ${4 * tileDepth * side}>;
  fn main() {
    let rows = uniforms.outShape.x;
    let vectors = uniforms.outShape.y / 4;
    let depth = uniforms.xShape.y / 4;
    let stride = weightVectors();
    let lane = i32(localIndex);
    let firstRow = i32(workgroupId.y) * ${tileRows};
    let column = i32(globalId.x);
    let firstVector = i32(workgroupId.x) * ${side};
    let offset = uniforms.firstColumn / 4;
    let own = i32(localId.y) * ${perInvocation};
    let bounded = min(column, vectors - 1) + offset;
    ${rows((i) => `var sum_${i} = ${startOf(options, 'bounded')};`)}
    for (var first = 0; first < depth; first += ${tileDepth}) {
      ${load(
        tileRows * tileDepth,
        `let k = first + at % ${tileDepth};
        let row = min(firstRow + at / ${tileDepth}, rows - 1);
        tileX[at] = select(vec4<f32>(0.0), x[row * depth + min(k, depth - 1)], k < depth);`,
      )}
      ${load(
        4 * tileDepth * side,
        `let k = min(4 * first + at / ${side}, 4 * depth - 1);
        tileWeight[at] = weightAt(k * stride + offset + min(firstVector + at % ${side}, vectors - 1));`,
      )}
      workgroupBarrier();
      for (var k = 0; k < ${tileDepth}; k++) {
        ${rows((i) => `let x_${i} = tileX[(own + ${i}) * ${tileDepth} + k];`)}
        ${unroll(
          4,
          (component) => `{
          let weights = tileWeight[(4 * k + ${component}) * ${side} + i32(localId.x)];
          ${rows((i) => `sum_${i} += x_${i}[${component}] * weights;`)}
        }`,
        )}
      }
      workgroupBarrier();
    }
    if (column >= vectors) { return; }
    ${rows(
      (i) => `if (firstRow + own + ${i} < rows) {
      let to = (firstRow + own + ${i}) * vectors + column;
      ${storeCode(options, `sum_${i}`)}
    }`,
    )}
  }`;
}

/** @param step 4 if x is read as vectors; 1 if it is read value by value (registers only) */
export function linearCode(variant: LinearVariant, step: number, options: LinearCodeOptions): string {
  const helpers =
    (options.activation === 'both' ? written('activated') : '') +
    weightCode[options.storage] +
    (options.activation === 'none' ? '' : geluCode);
  switch (variant.kind) {
    case 'registers':
      return helpers + registersCode(variant, step, options);
    case 'shared':
      return helpers + sharedCode(variant, options);
    case 'subgroup':
      return productTop(variant) + helpers + subgroupCode(variant, options);
  }
}
