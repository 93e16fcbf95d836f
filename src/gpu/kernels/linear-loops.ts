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

/** One step of the loop over the depth: `x_<row>` times the next `step` rows of the weight. */
const multiplyCode = ({ rows, vectors }: RegisterTile, step: number): string =>
  unroll(
    step,
    (component) => `{
      ${unroll(
        vectors,
        (v) => `let weights_${v} = weightAt(w_${v});
      w_${v} += stride;`,
      )}
      ${unroll(rows, (i) =>
        unroll(
          vectors,
          (v) => `sum_${i}_${v} += x_${i}${step === 1 ? '' : `[${component}]`} * weights_${v};`,
        ),
      )}
    }`,
  );

/** The loop of `registersCode` in linear-code. */
export const registersLoop = (tile: RegisterTile, step: number): string => `
    for (var k = 0; k < depth; k++) {
      ${unroll(tile.rows, (i) => `let x_${i} = x[from_${i} + k];`)}
      ${multiplyCode(tile, step)}
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
        ${unroll(tile.rows, (i) => `let x_${i} = subgroupShuffle(own_${i}, u32(k));`)}
        ${multiplyCode(tile, 4)}
      }
    }`;

/**
 * The loop over the depth of one of these, for a kernel that declares what the linear kernel does: `depth`, `stride`,
 * `from_<row>`, `w_<vector>` and `sum_<row>_<vector>`. x is read as vectors.
 */
export const productLoop = (variant: RegisterVariant): string =>
  variant.kind === 'registers' ? registersLoop(variant, 4) : subgroupLoop(variant);

/** What goes to the top of a shader with such a loop. */
export const productTop = ({ kind }: LinearVariant): string =>
  kind === 'subgroup' ? atTop('enable subgroups; diagnostic(off, subgroup_uniformity);') : '';

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
