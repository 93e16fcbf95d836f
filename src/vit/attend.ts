/**
 * The forward pass that the page runs: what CLS and the registers look at in the last block, and no more work than that takes.
 *
 * It equals `forwardPlain` and differs in three ways. Its layers are the fastest that the back end has, none of which ever
 * holds a T × T matrix whole (`block-layers`). The last block computes keys for all tokens, queries for the special ones
 * alone, and nothing after the softmax; `attend-patches` asks for more of them afterwards. Between blocks it gives way, so that the worker can hear a cancel.
 */
import * as tf from '@tensorflow/tfjs-core';
import { mlpHiddenDim, specialTokenCount, type VitArchitecture } from '../core/architecture.ts';
import type { Size } from '../core/geometry.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import { fusedKernelsSupport, hasFusedKernels } from '../gpu/kernels/fused-kernels.ts';
import { submitTogether } from '../gpu/submit-together.ts';
import { type BlockLayers, layersFor } from './block-layers.ts';
import { gridOf } from './layers.ts';
import { lastBlock, type VitParameters } from './parameters.ts';
import { type AttentionInputs, attentionInputs, firstRows, runBlock } from './run-block.ts';
import { readRows } from './read-rows.ts';
import { takeColumns, type RowsShape } from './softmax-rows.ts';

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

/** A pass up to the attention of its last block, which any of its tokens can be asked for. Its owner disposes of the tensors. */
export interface KeptPass extends AttentionInputs {
  readonly rows: number;
  readonly columns: number;
}

/** What a kept pass takes on the device. */
export const keptBytes = (tokens: number, { embedDim }: { readonly embedDim: number }): number =>
  2 * tokens * embedDim * Float32Array.BYTES_PER_ELEMENT;

export const disposePass = ({ normed, keys }: AttentionInputs): void => tf.dispose([normed, keys]);

/** What a pass of our kernels computes on its way, q, k, v and the hidden layer above all; by plain ops it is many times as much. */
const passBytes = (tokens: number, architecture: VitArchitecture): number => {
  const { embedDim, depth } = architecture;
  if (!hasFusedKernels() || !fusedKernelsSupport(architecture, tokens)) return Infinity;
  // Of a block: two norms, q, k and v, what is mixed, two sums and the hidden layer.
  return depth * tokens * (8 * embedDim + mlpHiddenDim(architecture)) * Float32Array.BYTES_PER_ELEMENT;
};

/** Everything before the last block's softmax. */
async function runToLastBlock(
  parameters: VitParameters,
  input: Float32Array,
  { height, width }: Size,
  layers: BlockLayers,
  { faults, afterBlock }: AttendOptions,
): Promise<AttentionInputs> {
  const { architecture, blocks } = parameters;
  let x = tf.tidy(() => layers.embed(parameters, tf.tensor3d(input, [height, width, 3])));
  try {
    for (const [index, block] of blocks.slice(0, -1).entries()) {
      const next = runBlock(x, block, architecture, layers);
      x.dispose();
      x = next;
      await afterBlock(index + 1);
      faults.check();
    }
    return attentionInputs(x, lastBlock(parameters), architecture, layers);
  } finally {
    x.dispose();
  }
}

/**
 * What CLS and the registers look at, and what it takes to ask other tokens.
 * @param input shape [height, width, 3], normalised RGB, sides whole patches
 * @throws FailureError on a fault of the device, or where the result fails its check
 */
export function attendAndKeep(
  parameters: VitParameters,
  input: Float32Array,
  size: Size,
  options: AttendOptions,
): Promise<{ readonly attention: SpecialAttention; readonly pass: KeptPass }> {
  const { architecture } = parameters;
  const grid = gridOf(size, architecture.patchSize);
  const tokens = specialTokenCount(architecture) + grid.rows * grid.columns;
  return submitTogether(passBytes(tokens, architecture), () =>
    runPass(parameters, input, size, { ...grid, tokens }, options),
  );
}

async function runPass(
  parameters: VitParameters,
  input: Float32Array,
  size: Size,
  { rows, columns, tokens }: Pick<SpecialAttention, 'rows' | 'columns' | 'tokens'>,
  options: AttendOptions,
): ReturnType<typeof attendAndKeep> {
  const { architecture } = parameters;
  const { numHeads, numRegisters } = architecture;
  const special = specialTokenCount(architecture);
  const layers = layersFor(architecture, tokens, options.maxScoresBytes ?? defaultMaxScoresBytes);
  const start = performance.now();
  const inputs = await runToLastBlock(parameters, input, size, layers, options);
  try {
    const shape: RowsShape = { numHeads, queries: special, tokens };
    const attention = firstRows(inputs, lastBlock(parameters), architecture, layers, special);
    const { values, readAt } = await readRows(attention, shape, options.faults);
    const patches = { begin: special, end: tokens };
    return {
      attention: {
        numHeads,
        numRegisters,
        rows,
        columns,
        tokens,
        maps: takeColumns(values, shape, { begin: 0, end: 1 }, patches),
        registerMaps: takeColumns(values, shape, { begin: 1, end: special }, patches),
        specialShares: takeColumns(values, shape, { begin: 0, end: 1 }, { begin: 0, end: special }),
        forwardMs: readAt - start,
      },
      pass: { ...inputs, rows, columns },
    };
  } catch (error) {
    disposePass(inputs);
    throw error;
  }
}

/** As `attendAndKeep`, and nothing is kept. */
export async function attendSpecial(
  parameters: VitParameters,
  input: Float32Array,
  size: Size,
  options: AttendOptions,
): Promise<SpecialAttention> {
  const { attention, pass } = await attendAndKeep(parameters, input, size, options);
  disposePass(pass);
  return attention;
}
