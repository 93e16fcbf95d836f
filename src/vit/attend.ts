/**
 * The forward pass that the page runs: what CLS looks at in the last block, and no more work than that takes.
 *
 * It equals `forwardPlain` and differs in three ways. Attention goes over the queries in chunks, so that no T × T matrix
 * ever exists whole (FACTS: at 3601 tokens it passes the binding limit and comes back wrong without a word). The last block
 * computes keys for all tokens, a query for CLS alone, and nothing after the softmax. Between blocks it gives way, so that
 * the worker can hear a cancel.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../core/architecture.ts';
import { FailureError } from '../core/failure.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import { embedTokens, gelu, gridOf, layerNorm, linear } from './layers.ts';
import type { BlockParameters, LinearParameters, VitParameters } from './parameters.ts';

export interface ClsAttention {
  readonly numHeads: number;
  readonly rows: number;
  readonly columns: number;
  /** T = 1 + rows × columns. */
  readonly tokens: number;
  /** shape [H, rows, columns]: the last block's softmax(QKᵀ/√d), row CLS, patch columns; not renormalised. */
  readonly maps: Float32Array<ArrayBuffer>;
  /** From the first op to the values read back from the device. */
  readonly forwardMs: number;
}

export interface AttendOptions {
  readonly faults: FaultWatch;
  /** Awaited after each block; throw to stop. Tensors are freed either way. */
  afterBlock(blocksDone: number): Promise<void>;
  /**
   * No intermediate of the attention is larger. The default is a quarter of WebGPU's default binding, and kind to the
   * wasm heap, which never shrinks.
   */
  readonly maxScoresBytes?: number;
}

const defaultMaxScoresBytes = 32 * 1024 * 1024;

/** The columns of q, k or v (part 0, 1, 2) of one head or of all: shape [rows, width]. */
function qkvColumns(
  qkv: tf.Tensor2D,
  firstColumn: number,
  width: number,
  firstRow = 0,
  rows = -1,
): tf.Tensor2D {
  return tf.slice2d(qkv, [firstRow, firstColumn], [rows, width]);
}

/** Row ranges [begin, count] of at most `most` rows that cover `rows`. */
function chunks(rows: number, most: number): [begin: number, count: number][] {
  const size = Math.max(1, Math.min(rows, most));
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => [
    i * size,
    Math.min(size, rows - i * size),
  ]);
}

/** One head after the other in two dimensions: tfjs's wasm matMul is six times faster there than on a batch. */
function mixValuesHeadByHead(qkv: tf.Tensor2D, numHeads: number, maxScoresBytes: number): tf.Tensor2D {
  const [tokens, width] = qkv.shape;
  const channels = width / 3;
  const headWidth = channels / numHeads;
  const heads = Array.from({ length: numHeads }, (_, head) =>
    tf.tidy(() => {
      const keys = tf.transpose(qkvColumns(qkv, channels + head * headWidth, headWidth));
      const values = qkvColumns(qkv, 2 * channels + head * headWidth, headWidth);
      const parts = chunks(tokens, Math.floor(maxScoresBytes / (4 * tokens))).map(([begin, count]) =>
        tf.tidy(() => {
          const queries = tf.mul(
            qkvColumns(qkv, head * headWidth, headWidth, begin, count),
            headWidth ** -0.5,
          );
          return tf.matMul<tf.Tensor2D>(tf.softmax(tf.matMul(queries, keys)), values);
        }),
      );
      return parts.length === 1 ? (parts[0] as tf.Tensor2D) : tf.concat(parts, 0);
    }),
  );
  return tf.concat(heads, 1);
}

/** All heads in one batch: fewer and larger dispatches, what a GPU wants. */
function mixValuesBatched(qkv: tf.Tensor2D, numHeads: number, maxScoresBytes: number): tf.Tensor2D {
  const [tokens, width] = qkv.shape;
  const channels = width / 3;
  const headWidth = channels / numHeads;
  const [queries, keys, values] = tf.unstack(
    tf.transpose(tf.reshape(qkv, [tokens, 3, numHeads, headWidth]), [1, 2, 0, 3]),
  ) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const scaled = tf.mul<tf.Tensor3D>(queries, headWidth ** -0.5);
  const parts = chunks(tokens, Math.floor(maxScoresBytes / (4 * tokens * numHeads))).map(([begin, count]) =>
    tf.tidy(() => {
      const part = tf.slice3d(scaled, [0, begin, 0], [-1, count, -1]);
      return tf.matMul<tf.Tensor3D>(tf.softmax(tf.matMul(part, keys, false, true)), values);
    }),
  );
  const mixed = parts.length === 1 ? (parts[0] as tf.Tensor3D) : tf.concat(parts, 1);
  return tf.reshape<tf.Rank.R2>(tf.transpose(mixed, [1, 0, 2]), [tokens, channels]);
}

/** @param x shape [T, C], borrowed @returns shape [T, C] */
function runBlock(
  x: tf.Tensor2D,
  block: BlockParameters,
  { numHeads, layerNormEps }: VitArchitecture,
  maxScoresBytes: number,
): tf.Tensor2D {
  return tf.tidy(() => {
    const mixValues = tf.getBackend() === 'wasm' ? mixValuesHeadByHead : mixValuesBatched;
    const qkv = linear(layerNorm(x, block.norm1, layerNormEps), block.qkv);
    const attended = tf.add<tf.Tensor2D>(
      x,
      linear(mixValues(qkv, numHeads, maxScoresBytes), block.projection),
    );
    const hidden = gelu(linear(layerNorm(attended, block.norm2, layerNormEps), block.fc1));
    return tf.add<tf.Tensor2D>(attended, linear(hidden, block.fc2));
  });
}

/** Columns [begin, begin + width) of a linear layer, as a linear layer. */
function linearColumns({ weight, bias }: LinearParameters, begin: number, width: number): LinearParameters {
  return {
    weight: tf.slice2d(weight, [0, begin], [-1, width]),
    bias: bias === null ? null : tf.slice1d(bias, begin, width),
  };
}

/** @param x shape [T, C], borrowed @returns the CLS row of every head's attention, shape [H, T] */
function clsRows(x: tf.Tensor2D, block: BlockParameters, numHeads: number, eps: number): tf.Tensor2D {
  return tf.tidy(() => {
    const [tokens, channels] = x.shape;
    const headWidth = channels / numHeads;
    const normed = layerNorm(x, block.norm1, eps);
    const query = linear(tf.slice2d(normed, [0, 0], [1, channels]), linearColumns(block.qkv, 0, channels));
    const keys = linear(normed, linearColumns(block.qkv, channels, channels));
    // [H, 1, D] against [H, T, D]: a weighted sum over D is as fast as a product this thin, and needs no transpose.
    const products = tf.mul(
      tf.reshape(keys, [tokens, numHeads, headWidth]),
      tf.reshape(query, [1, numHeads, headWidth]),
    );
    const scores = tf.mul(tf.transpose(tf.sum(products, -1)), headWidth ** -0.5);
    return tf.softmax(scores) as tf.Tensor2D;
  });
}

/**
 * A softmax row sums to 1; what a GPU leaves behind when it fails in silence (zeros, stale values, NaN) does not.
 * @param rows shape [H, T]
 */
function checkRows(rows: Float32Array, numHeads: number, tokens: number): void {
  for (let head = 0; head < numHeads; head++) {
    let sum = 0;
    for (let token = 0; token < tokens; token++) sum += rows[head * tokens + token] as number;
    if (!(Math.abs(sum - 1) < 1e-3))
      throw new FailureError({
        code: 'wrong-result',
        problem: `head ${head + 1} sums to ${sum.toPrecision(4)} instead of 1`,
      });
  }
}

/** Shape [H, T] without its first column (CLS looking at itself). */
function dropClsColumn(rows: Float32Array, numHeads: number, tokens: number): Float32Array<ArrayBuffer> {
  const maps = new Float32Array(numHeads * (tokens - 1));
  for (let head = 0; head < numHeads; head++)
    maps.set(rows.subarray(head * tokens + 1, (head + 1) * tokens), head * (tokens - 1));
  return maps;
}

/**
 * @param input shape [height, width, 3], normalised RGB, sides whole patches
 * @throws FailureError on a fault of the device, or where the result fails its check
 */
export async function attendCls(
  parameters: VitParameters,
  input: Float32Array,
  size: { readonly height: number; readonly width: number },
  { faults, afterBlock, maxScoresBytes = defaultMaxScoresBytes }: AttendOptions,
): Promise<ClsAttention> {
  const { numHeads, depth, layerNormEps, patchSize } = parameters.architecture;
  const { rows, columns } = gridOf(size, patchSize);
  const tokens = 1 + rows * columns;
  const start = performance.now();
  let x = tf.tidy(() => embedTokens(parameters, tf.tensor3d(input, [size.height, size.width, 3])));
  try {
    for (const [index, block] of parameters.blocks.slice(0, -1).entries()) {
      const next = runBlock(x, block, parameters.architecture, maxScoresBytes);
      x.dispose();
      x = next;
      await afterBlock(index + 1);
      faults.check();
    }
    const attention = clsRows(x, parameters.blocks[depth - 1] as BlockParameters, numHeads, layerNormEps);
    try {
      const values = (await faults.race(attention.data())) as Float32Array;
      const forwardMs = performance.now() - start;
      // A shader error is reported after the read-back that it spoiled; one more turn lets it arrive.
      await new Promise((resolve) => setTimeout(resolve, 0));
      faults.check();
      checkRows(values, numHeads, tokens);
      return { numHeads, rows, columns, tokens, maps: dropClsColumn(values, numHeads, tokens), forwardMs };
    } finally {
      attention.dispose();
    }
  } finally {
    x.dispose();
  }
}
