/**
 * The forward pass: one loop over the blocks, which keeps what the taps ask for and ends at the last block that a tap
 * needs. It equals `forwardPlain`, but its layers are the fastest that the back end has, and none of them ever holds
 * a T × T matrix (`block-layers`).
 */
import * as tf from '@tensorflow/tfjs-core';
import { mlpHiddenDim, specialTokenCount, type VitArchitecture } from '../core/architecture.ts';
import { FailureError } from '../core/failure.ts';
import type { Size } from '../core/geometry.ts';
import type { Overlap } from '../core/overlap.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import { fusedKernelsSupport, hasFusedKernels } from '../gpu/kernels/fused-kernels.ts';
import { submitTogether } from '../gpu/submit-together.ts';
import { type BlockLayers, layersFor } from './block-layers.ts';
import { gridOf } from './layers.ts';
import type { BlockParameters, VitParameters } from './parameters.ts';
import { runBlock, tensorsOf, type BlockPlace, type KeptBlock } from './run-block.ts';
import { planPass, tappedBytes, type BlockPlan, type Tap } from './taps.ts';
import { Tapped } from './tapped.ts';

export interface ForwardOptions {
  readonly faults: FaultWatch;
  /** How far patches overlap; 1, not at all, where it is left out. The patch's side is a multiple of it. */
  readonly overlap?: Overlap;
  /** Heard between blocks. */
  readonly signal?: AbortSignal;
  /** Awaited between blocks; throw to stop. Tensors are freed either way. */
  afterBlock?(blocksDone: number): Promise<void>;
  /**
   * With plain ops no intermediate of the attention is larger, and no more comes back from the device at once. The
   * default is a quarter of WebGPU's default binding limit. It also keeps the wasm heap small, which never shrinks.
   */
  readonly maxScoresBytes?: number;
}

export const defaultMaxScoresBytes = 32 * 1024 * 1024;

/** @throws FailureError 'cancelled' */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new FailureError({ code: 'cancelled' });
}

/** Bytes of the intermediate results of a pass by our kernels. By plain ops it is many times as much. */
function passBytes(tokens: number, architecture: VitArchitecture): number {
  const { embedDim, depth } = architecture;
  if (!hasFusedKernels() || !fusedKernelsSupport(architecture, tokens)) return Infinity;
  // Of a block: two norms, q, k and v, the attention, two sums and the hidden layer.
  return depth * tokens * (8 * embedDim + mlpHiddenDim(architecture)) * Float32Array.BYTES_PER_ELEMENT;
}

/**
 * The loop, one block a step: the caller may wait between blocks or not. Yields how many blocks are done.
 * @param makeImage shape [height, width, 3], normalised; called within a tidy
 * @returns what was kept of each block; the caller disposes
 */
export function* forwardSteps(
  parameters: VitParameters,
  makeImage: () => tf.Tensor3D,
  layers: BlockLayers,
  plans: readonly BlockPlan[],
  overlap: Overlap = 1,
): Generator<number, KeptBlock[]> {
  const { architecture, blocks, norm } = parameters;
  const kept: KeptBlock[] = [];
  let isDone = false;
  let at: Pick<BlockPlace, 'x' | 'normed'> = {
    x: tf.tidy(() => layers.embed(parameters, makeImage(), overlap)),
    normed: null,
  };
  const dispose = (): void => tf.dispose([at.x, ...(at.normed === null ? [] : [at.normed])]);
  try {
    for (const [index, plan] of plans.entries()) {
      if (index > 0) yield index;
      const isLast = index === blocks.length - 1;
      const following = index + 1 < plans.length ? blocks[index + 1]?.norm1 : undefined;
      const nextNorm = following ?? (isLast && plan.parts.has('out') ? norm : null);
      const block = blocks[index] as BlockParameters;
      const of = runBlock({ ...at, nextNorm }, block, architecture, layers, plan);
      kept.push(of.kept);
      if (of.next === null) break;
      dispose();
      at = of.next;
      const parts = { ...of.kept.parts };
      kept[index] = { ...of.kept, parts };
      if (plan.parts.has('residual')) parts.residual = tf.clone(at.x);
      if (plan.parts.has('out')) parts.out = tf.clone(isLast && at.normed !== null ? at.normed : at.x);
    }
    isDone = true;
    return kept;
  } finally {
    dispose();
    if (!isDone) tf.dispose(kept.flatMap(tensorsOf));
  }
}

/**
 * @param parameters borrowed, also by the result
 * @param input shape [height, width, 3], normalised RGB, sides whole patches
 * @returns what the taps ask for, on the device; the caller disposes
 * @throws FailureError on a fault of the device, 'cancelled' where the signal says so
 */
export async function runForward(
  parameters: VitParameters,
  input: Float32Array,
  size: Size,
  taps: readonly Tap[],
  options: ForwardOptions,
): Promise<Tapped> {
  const { architecture } = parameters;
  const { faults, overlap = 1, signal, afterBlock, maxScoresBytes = defaultMaxScoresBytes } = options;
  const grid = gridOf(size, architecture.patchSize, overlap);
  const tokens = specialTokenCount(architecture) + grid.rows * grid.columns;
  const plans = planPass(architecture, tokens, taps);
  const layers = layersFor(architecture, tokens, maxScoresBytes);
  const bytes = passBytes(tokens, architecture) + tappedBytes(architecture, tokens, taps);
  const startedAt = performance.now();
  const blocks = await submitTogether(bytes, async () => {
    const steps = forwardSteps(
      parameters,
      () => tf.tensor3d(input, [size.height, size.width, 3]),
      layers,
      plans,
      overlap,
    );
    try {
      for (;;) {
        const step = steps.next();
        if (step.done === true) return step.value;
        await afterBlock?.(step.value);
        faults.check();
        throwIfAborted(signal);
      }
    } catch (error) {
      steps.return([]);
      throw error;
    }
  });
  return new Tapped({ parameters, ...grid, tokens, startedAt, blocks, layers, faults, maxScoresBytes });
}
