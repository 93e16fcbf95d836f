/**
 * The wasm kernels that training needs in addition to those of the forward pass. Each runs inside the caller's tidy and
 * borrows its inputs.
 */
import * as tf from '@tensorflow/tfjs-core';
import { gradientScratchBytes, sequenceScratchBytes } from './attention-code.ts';
import { geluUnit } from './gradient-code.ts';
import { bitsOf, checkWhole, simdConfig, type Compute } from './simd-kernel.ts';

/** Sequences of one length, stored one after the other in a matrix of tokens. */
export interface SequenceRun {
  readonly firstRow: number;
  readonly sequences: number;
  readonly tokens: number;
}

interface SequenceAttributes {
  readonly numHeads: number;
  readonly runs: readonly SequenceRun[];
}

const sizeOf = ({ shape }: tf.TensorInfo): number => shape.reduce((product, side) => product * side, 1);

/** aᵀ · b, and the sums of b's columns. */
const computeTransposedProduct: Compute<{ a: tf.TensorInfo; b: tf.TensorInfo }, object> = (
  { a, b },
  _,
  { addressOf, make, run, shared, tileRows },
) => {
  const [depth = 0, rows = 0] = a.shape;
  const [, columns = 0] = b.shape;
  checkWhole(columns);
  const [product, sums] = [make([rows, columns]), make([columns])];
  const packed = shared(4 * rows * depth);
  run('packColumns', Math.ceil(rows / tileRows), [addressOf(a), 4 * rows, rows, depth, packed], 0);
  const weight = [addressOf(b), 4 * columns, 0];
  const values = [packed, 1, depth, ...weight, 0, 0, addressOf(product), rows, columns, 0, addressOf(sums)];
  run('linear', Math.ceil(columns / 8), values, (depth + 1) * 32);
  return [product, sums];
};

/** a · bᵀ */
const computeProductWithTransposed: Compute<{ a: tf.TensorInfo; b: tf.TensorInfo }, object> = (
  { a, b },
  _,
  { addressOf, make, run },
) => {
  const [rows = 0, depth = 0] = a.shape;
  const [columns = 0] = b.shape;
  checkWhole(columns);
  checkWhole(depth);
  const result = make([rows, columns]);
  const weight = [addressOf(b), 4 * depth, 1];
  const values = [addressOf(a), 0, depth, ...weight, 0, 0, addressOf(result), rows, columns, 0, 0];
  run('linear', Math.ceil(columns / 8), values, (depth + 1) * 32);
  return result;
};

const computeGelu: Compute<{ x: tf.TensorInfo; above?: tf.TensorInfo }, object> = (
  { x, above },
  _,
  { addressOf, make, run },
) => {
  const size = sizeOf(x);
  checkWhole(size);
  const result = make(x.shape);
  const tensors = [x, ...(above === undefined ? [] : [above]), result].map(addressOf);
  run(above === undefined ? 'gelu' : 'geluGradient', Math.ceil(size / geluUnit), [...tensors, 4 * size], 0);
  return result;
};

interface LayerNormGradientInputs {
  readonly x: tf.TensorInfo;
  readonly gain: tf.TensorInfo;
  readonly above: tf.TensorInfo;
  readonly residual?: tf.TensorInfo;
}

const computeLayerNormGradients: Compute<LayerNormGradientInputs, { eps: number }> = (
  { x, gain, above, residual },
  { eps },
  { addressOf, make, run, shared },
) => {
  const [rows = 0, width = 0] = x.shape;
  checkWhole(width);
  const [ofX, ofGain, ofBias] = [make([rows, width]), make([width]), make([width])];
  const statistics = shared(8 * rows);
  const inputs = [addressOf(x), addressOf(gain), addressOf(above), addressOf(residual)];
  run('layerNormGradient', rows, [...inputs, addressOf(ofX), statistics, width, bitsOf(eps)], 0);
  const sums = [addressOf(ofBias), addressOf(ofGain)];
  run('columnSums', width / 4, [addressOf(above), addressOf(x), statistics, rows, width, ...sums], 0);
  return [ofX, ofGain, ofBias];
};

const computeColumnSums: Compute<{ x: tf.TensorInfo }, object> = ({ x }, _, { addressOf, make, run }) => {
  const [rows = 0, columns = 0] = x.shape;
  checkWhole(columns);
  const result = make([columns]);
  run('columnSums', columns / 4, [addressOf(x), 0, 0, rows, columns, addressOf(result), 0], 0);
  return result;
};

/** As many queries as keep a head's matrices in a second-level cache, in whole tiles of 5 or 6. */
function queriesAtOnce(tokens: number): number {
  const matrixBytes = 160 * 1024;
  const fitting = Math.floor(matrixBytes / (4 * tokens));
  return Math.min(tokens, Math.max(30, fitting - (fitting % 30)));
}

const computeAttention: Compute<{ qkv: tf.TensorInfo }, SequenceAttributes> = (
  { qkv },
  { numHeads, runs },
  { addressOf, make, run },
) => {
  const [rows = 0, width = 0] = qkv.shape;
  const channels = width / 3;
  const headWidth = channels / numHeads;
  const result = make([rows, channels]);
  const scaleBits = bitsOf(headWidth ** -0.5);
  for (const { firstRow, sequences, tokens } of runs) {
    const queries = queriesAtOnce(tokens);
    const places = [addressOf(qkv) + 4 * firstRow * width, addressOf(result) + 4 * firstRow * channels];
    const values = [...places, tokens, channels, headWidth, numHeads, scaleBits, queries];
    const scratchBytes = sequenceScratchBytes(tokens, headWidth, queries);
    run('attendSequences', sequences * numHeads, values, scratchBytes);
  }
  return result;
};

const computeAttentionGradient: Compute<{ qkv: tf.TensorInfo; above: tf.TensorInfo }, SequenceAttributes> = (
  { qkv, above },
  { numHeads, runs },
  { addressOf, make, run },
) => {
  const [, width = 0] = qkv.shape;
  const channels = width / 3;
  const headWidth = channels / numHeads;
  const result = make(qkv.shape);
  const scaleBits = bitsOf(headWidth ** -0.5);
  for (const { firstRow, sequences, tokens } of runs) {
    const queries = queriesAtOnce(tokens);
    const places = [
      addressOf(qkv) + 4 * firstRow * width,
      addressOf(above) + 4 * firstRow * channels,
      addressOf(result) + 4 * firstRow * width,
    ];
    const values = [...places, tokens, channels, headWidth, numHeads, scaleBits, queries];
    const scratchBytes = gradientScratchBytes(tokens, headWidth, queries);
    run('attentionGradient', sequences * numHeads, values, scratchBytes);
  }
  return result;
};

const names = {
  transposedProduct: 'DinoscopeTransposedProduct',
  productWithTransposed: 'DinoscopeProductWithTransposed',
  gelu: 'DinoscopeGelu',
  layerNormGradients: 'DinoscopeLayerNormGradients',
  columnSums: 'DinoscopeColumnSums',
  attention: 'DinoscopeSequenceAttention',
  attentionGradient: 'DinoscopeSequenceAttentionGradient',
} as const;

export const simdTrainingConfigs: readonly tf.KernelConfig[] = [
  simdConfig(names.transposedProduct, computeTransposedProduct),
  simdConfig(names.productWithTransposed, computeProductWithTransposed),
  simdConfig(names.gelu, computeGelu),
  simdConfig(names.layerNormGradients, computeLayerNormGradients),
  simdConfig(names.columnSums, computeColumnSums),
  simdConfig(names.attention, computeAttention),
  simdConfig(names.attentionGradient, computeAttentionGradient),
];

/** Whether the current back end has these kernels. */
export const hasSimdTraining = (): boolean =>
  tf.getBackend() === 'wasm' &&
  simdTrainingConfigs.every(({ kernelName }) => tf.getKernel(kernelName, 'wasm') !== undefined);

const run = <Result extends tf.Tensor | tf.Tensor[]>(
  name: keyof typeof names,
  inputs: Readonly<Record<string, tf.Tensor>>,
  attributes: object = {},
): Result => tf.engine().runKernel(names[name], inputs, attributes as tf.NamedAttrMap);

/** @returns aᵀ · b and the sums of b's columns */
export function transposedProduct(
  a: tf.Tensor2D,
  b: tf.Tensor2D,
): { product: tf.Tensor2D; columnSums: tf.Tensor1D } {
  const [product, columnSums] = run<[tf.Tensor2D, tf.Tensor1D]>('transposedProduct', { a, b });
  return { product, columnSums };
}

/** @returns a · bᵀ; a's width a multiple of 4 */
export const productWithTransposed = (a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D =>
  run('productWithTransposed', { a, b });

export const gelu = (x: tf.Tensor2D): tf.Tensor2D => run('gelu', { x });

export const geluGradient = (x: tf.Tensor2D, above: tf.Tensor2D): tf.Tensor2D => run('gelu', { x, above });

/** @param residual added to the gradient of x */
export function layerNormGradients(
  x: tf.Tensor2D,
  gain: tf.Tensor1D,
  eps: number,
  above: tf.Tensor2D,
  residual: tf.Tensor2D | null,
): { x: tf.Tensor2D; gain: tf.Tensor1D; bias: tf.Tensor1D } {
  const inputs = { x, gain, above, ...(residual === null ? {} : { residual }) };
  const [ofX, ofGain, ofBias] = run<[tf.Tensor2D, tf.Tensor1D, tf.Tensor1D]>('layerNormGradients', inputs, {
    eps,
  });
  return { x: ofX, gain: ofGain, bias: ofBias };
}

export const columnSums = (x: tf.Tensor2D): tf.Tensor1D => run('columnSums', { x });

/** softmax(QKᵀ/√D) · V within each sequence. @param qkv shape [rows, 3C] @returns shape [rows, C] */
export const sequenceAttention = (
  qkv: tf.Tensor2D,
  numHeads: number,
  runs: readonly SequenceRun[],
): tf.Tensor2D => run('attention', { qkv }, { numHeads, runs });

/** @param above gradient of the mixed values, shape [rows, C] @returns gradient of qkv, shape [rows, 3C] */
export const sequenceAttentionGradient = (
  qkv: tf.Tensor2D,
  above: tf.Tensor2D,
  numHeads: number,
  runs: readonly SequenceRun[],
): tf.Tensor2D => run('attentionGradient', { qkv, above }, { numHeads, runs });
