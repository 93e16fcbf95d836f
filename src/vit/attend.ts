/**
 * The forward pass that the page runs: what CLS and the registers look at in the last block, and no more work than that takes.
 *
 * It equals `forwardPlain` and differs in three ways. Its layers are the fastest that the back end has, none of which ever
 * holds a T × T matrix whole (`block-layers`). The last block computes keys for all tokens, queries for the special ones
 * alone, and nothing after the softmax. Between blocks it gives way, so that the worker can hear a cancel.
 */
import * as tf from '@tensorflow/tfjs-core';
import { specialTokenCount } from '../core/architecture.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import { layersFor } from './block-layers.ts';
import { gridOf } from './layers.ts';
import type { BlockParameters, VitParameters } from './parameters.ts';
import { attentionRows, runBlock } from './run-block.ts';
import { checkRows, takeColumns, type RowsShape } from './softmax-rows.ts';

/** Softmax rows of the last block, softmax(QKᵀ/√d), taken apart by what looks and what is looked at; not renormalised. */
export interface SpecialAttention {
  readonly numHeads: number;
  /** R; the special tokens are CLS and R registers, S = 1 + R. */
  readonly numRegisters: number;
  readonly rows: number;
  readonly columns: number;
  /** T = S + rows × columns. */
  readonly tokens: number;
  /** shape [H, rows, columns]: what CLS gives to the patches. */
  readonly maps: Float32Array<ArrayBuffer>;
  /** shape [R, H, rows, columns]: what each register gives to the patches. */
  readonly registerMaps: Float32Array<ArrayBuffer>;
  /** shape [H, S]: what CLS gives to itself and to each register. With `maps`, a head sums to 1. */
  readonly specialShares: Float32Array<ArrayBuffer>;
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

export const defaultMaxScoresBytes = 32 * 1024 * 1024;

/**
 * @param input shape [height, width, 3], normalised RGB, sides whole patches
 * @throws FailureError on a fault of the device, or where the result fails its check
 */
export async function attendSpecial(
  parameters: VitParameters,
  input: Float32Array,
  size: { readonly height: number; readonly width: number },
  { faults, afterBlock, maxScoresBytes = defaultMaxScoresBytes }: AttendOptions,
): Promise<SpecialAttention> {
  const { architecture } = parameters;
  const { numHeads, numRegisters, depth } = architecture;
  const special = specialTokenCount(architecture);
  const { rows, columns } = gridOf(size, architecture.patchSize);
  const tokens = special + rows * columns;
  const layers = layersFor(architecture, tokens, maxScoresBytes);
  const start = performance.now();
  let x = tf.tidy(() => layers.embed(parameters, tf.tensor3d(input, [size.height, size.width, 3])));
  try {
    for (const [index, block] of parameters.blocks.slice(0, -1).entries()) {
      const next = runBlock(x, block, architecture, layers);
      x.dispose();
      x = next;
      await afterBlock(index + 1);
      faults.check();
    }
    const last = parameters.blocks[depth - 1] as BlockParameters;
    const attention = attentionRows(x, last, architecture, layers, special);
    try {
      const values = (await faults.race(attention.data())) as Float32Array;
      const forwardMs = performance.now() - start;
      // A shader error is reported after the read-back that it spoiled; one more turn lets it arrive.
      await new Promise((resolve) => setTimeout(resolve, 0));
      faults.check();
      const shape: RowsShape = { numHeads, queries: special, tokens };
      checkRows(values, shape);
      const patches = { begin: special, end: tokens };
      return {
        numHeads,
        numRegisters,
        rows,
        columns,
        tokens,
        maps: takeColumns(values, shape, { begin: 0, end: 1 }, patches),
        registerMaps: takeColumns(values, shape, { begin: 1, end: special }, patches),
        specialShares: takeColumns(values, shape, { begin: 0, end: 1 }, { begin: 0, end: special }),
        forwardMs,
      };
    } finally {
      attention.dispose();
    }
  } finally {
    x.dispose();
  }
}
