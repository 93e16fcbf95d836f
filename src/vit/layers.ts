/** The layers that both forward passes share. Every function runs inside the caller's tidy and borrows its inputs. */
import * as tf from '@tensorflow/tfjs-core';
import { positionResampling } from '../core/architecture.ts';
import type { PatchGrid } from '../core/geometry.ts';
import { finerGrid, type Overlap } from '../core/overlap.ts';
import { floatWeight } from '../gpu/kernels/half-weights.ts';
import type { LayerNormParameters, LinearParameters, VitParameters } from './parameters.ts';
import { interpolatePositionEmbedding } from './position-embedding.ts';

/** @param x shape [..., C] */
export function layerNorm<T extends tf.Tensor>(x: T, { gain, bias }: LayerNormParameters, eps: number): T {
  const { mean, variance } = tf.moments(x, -1, true);
  const standardised = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, eps)));
  return tf.add(tf.mul(standardised, gain), bias);
}

/** @param x shape [rows, in] @returns shape [rows, out] */
export function linear(x: tf.Tensor2D, { weight, bias }: LinearParameters): tf.Tensor2D {
  const product = tf.matMul<tf.Tensor2D>(x, floatWeight(weight));
  return bias === null ? product : tf.add<tf.Tensor2D>(product, bias);
}

/** Exact GELU: x × Φ(x) by the error function, not the tanh approximation. */
export function gelu<T extends tf.Tensor>(x: T): T {
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
}

/** The grid that an image of this shape makes; throws where its sides are not whole patches, or the stride not whole px. */
export function gridOf(
  image: { readonly height: number; readonly width: number },
  patchSize: number,
  overlap: Overlap = 1,
): PatchGrid {
  const rows = image.height / patchSize;
  const columns = image.width / patchSize;
  if (!Number.isInteger(rows) || !Number.isInteger(columns))
    throw new Error(
      `an image of ${image.height} × ${image.width} px is not made of whole patches of ${patchSize} px`,
    );
  if (patchSize % overlap !== 0) throw new Error(`a stride of ${patchSize} / ${overlap} px`);
  return finerGrid({ rows, columns }, overlap);
}

interface PositionsOfGrid {
  readonly rows: number;
  readonly columns: number;
  readonly positions: Float32Array;
}

/** Of each embedding, its positions on the grid that was asked for last: most photographs of a person have one shape. */
const lastPositions = new WeakMap<Float32Array, PositionsOfGrid>();

/**
 * What is added to the tokens: CLS's position, nothing for the registers, then the patches' positions. A finer grid of
 * patches that overlap has them as a larger image of so many patches has (as in the repository ShirAmir/dino-vit-features),
 * by the network's own rule: with the offset of 0.1 in DINO and DINOv2, antialiased in DINOv2 with registers.
 * @returns shape [T, C], row-major; read-only
 */
export function positionsFor(
  { architecture, positionEmbedding }: VitParameters,
  grid: PatchGrid,
): Float32Array {
  const last = lastPositions.get(positionEmbedding);
  if (last?.rows === grid.rows && last.columns === grid.columns) return last.positions;
  const resampling = positionResampling(architecture);
  const resampled = interpolatePositionEmbedding(positionEmbedding, architecture, grid, resampling);
  const positions = withRegisters(resampled, architecture);
  lastPositions.set(positionEmbedding, { rows: grid.rows, columns: grid.columns, positions });
  return positions;
}

/** Registers have no position. */
function withRegisters(
  positions: Float32Array,
  { embedDim, numRegisters }: VitParameters['architecture'],
): Float32Array {
  if (numRegisters === 0) return positions;
  const spread = new Float32Array(positions.length + numRegisters * embedDim);
  spread.set(positions.subarray(0, embedDim));
  spread.set(positions.subarray(embedDim), (1 + numRegisters) * embedDim);
  return spread;
}

/**
 * Windows along an axis whose elements are groups of numbers: the parts of window i are the groups i … i + overlap − 1.
 * @param x shape [a, groups, size, b] @returns shape [a, groups − overlap + 1, overlap × size, b]
 */
function windowsOf(x: tf.Tensor4D, overlap: Overlap): tf.Tensor4D {
  if (overlap === 1) return x;
  const [a, groups, size, b] = x.shape;
  const parts = Array.from({ length: overlap }, (_, part) =>
    tf.slice4d(x, [0, part, 0, 0], [a, groups - overlap + 1, size, b]),
  );
  return tf.concat(parts, 2);
}

/**
 * The patches of an image, each as one row of numbers. Where they overlap, a patch is `overlap` strips of stride px in
 * each direction, and neighbours share strips.
 * @param image shape [height, width, 3] @returns shape [rows × columns, P × P × 3]
 */
function patchRows(image: tf.Tensor3D, patchSize: number, overlap: Overlap): tf.Tensor2D {
  const [height, width] = image.shape;
  const { rows, columns } = gridOf({ height, width }, patchSize, overlap);
  const stride = patchSize / overlap;
  const down = windowsOf(tf.reshape(image, [1, height / stride, stride, width * 3]), overlap);
  const across = windowsOf(tf.reshape(down, [rows * patchSize, width / stride, stride * 3, 1]), overlap);
  const patches = tf.reshape(across, [rows, patchSize, columns, patchSize * 3]);
  return tf.reshape(tf.transpose(patches, [0, 2, 1, 3]), [rows * columns, patchSize * patchSize * 3]);
}

/**
 * Image → tokens: each patch through one linear layer (the same as a convolution with stride P / overlap), CLS and the
 * registers in front, positions added.
 * @param image shape [height, width, 3], normalised @returns shape [T, C]
 */
export function embedTokens(
  parameters: VitParameters,
  image: tf.Tensor3D,
  overlap: Overlap = 1,
  applyLinear: typeof linear = linear,
): tf.Tensor2D {
  const { embedDim, patchSize } = parameters.architecture;
  const [height, width] = image.shape;
  const patches = patchRows(image, patchSize, overlap);
  const tokens = tf.concat([parameters.specialTokens, applyLinear(patches, parameters.patchEmbedding)], 0);
  const positions = positionsFor(parameters, gridOf({ height, width }, patchSize, overlap));
  return tf.add<tf.Tensor2D>(tokens, tf.tensor2d(positions, [tokens.shape[0], embedDim]));
}
