/**
 * The forward pass that the page runs: what CLS looks at in the last block, and no more work than that takes.
 *
 * It equals `forwardPlain` and differs in three ways. Its layers are the fastest that the back end has, none of which ever
 * holds a T × T matrix whole (`block-layers`). The last block computes keys for all tokens, a query for CLS alone, and
 * nothing after the softmax. Between blocks it gives way, so that the worker can hear a cancel.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../core/architecture.ts';
import { FailureError } from '../core/failure.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import { layersFor, type BlockLayers } from './block-layers.ts';
import { embedTokens, gridOf } from './layers.ts';
import type { BlockParameters, VitParameters } from './parameters.ts';

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
   * With plain ops no intermediate of the attention is larger. The default is a quarter of WebGPU's default binding, and kind to the
   * wasm heap, which never shrinks.
   */
  readonly maxScoresBytes?: number;
}

const defaultMaxScoresBytes = 32 * 1024 * 1024;

/** @param x shape [T, C], borrowed @returns shape [T, C] */
function runBlock(
  x: tf.Tensor2D,
  block: BlockParameters,
  { numHeads, layerNormEps }: VitArchitecture,
  layers: BlockLayers,
): tf.Tensor2D {
  return tf.tidy(() => {
    const qkv = layers.linear(layers.layerNorm(x, block.norm1, layerNormEps), block.qkv);
    const attended = layers.linearResidual(layers.mixValues(qkv, numHeads), block.projection, x);
    const hidden = layers.linearGelu(layers.layerNorm(attended, block.norm2, layerNormEps), block.fc1);
    return layers.linearResidual(hidden, block.fc2, attended);
  });
}

/** @param x shape [T, C], borrowed @returns the CLS row of every head's attention, shape [H, T] */
function clsRows(
  x: tf.Tensor2D,
  block: BlockParameters,
  { numHeads, embedDim, layerNormEps }: VitArchitecture,
  layers: BlockLayers,
): tf.Tensor2D {
  return tf.tidy(() => {
    const normed = layers.layerNorm(x, block.norm1, layerNormEps);
    const query = layers.linearPart(normed, block.qkv, 1, { begin: 0, count: embedDim });
    const keys = layers.linearPart(normed, block.qkv, x.shape[0], { begin: embedDim, count: embedDim });
    return layers.clsRows(query, keys, numHeads);
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
  const { architecture } = parameters;
  const { numHeads, depth } = architecture;
  const { rows, columns } = gridOf(size, architecture.patchSize);
  const tokens = 1 + rows * columns;
  const layers = layersFor(architecture, tokens, maxScoresBytes);
  const start = performance.now();
  let x = tf.tidy(() =>
    embedTokens(parameters, tf.tensor3d(input, [size.height, size.width, 3]), layers.linear),
  );
  try {
    for (const [index, block] of parameters.blocks.slice(0, -1).entries()) {
      const next = runBlock(x, block, architecture, layers);
      x.dispose();
      x = next;
      await afterBlock(index + 1);
      faults.check();
    }
    const attention = clsRows(x, parameters.blocks[depth - 1] as BlockParameters, architecture, layers);
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
