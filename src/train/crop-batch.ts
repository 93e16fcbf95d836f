/** The crops of one step, as both networks take them. Sequences are ordered view by view: view × B + photograph. */
import type { VitArchitecture } from '../core/architecture.ts';
import { randomStream } from '../core/random.ts';
import type { TrainingConfiguration } from '../core/training.ts';

export interface CropBatch {
  /** B */
  readonly photographs: number;
  readonly globalPx: number;
  /** Normalised RGB, shape [2B, globalPx, globalPx, 3]: the first global crop of every photograph, then the second. */
  readonly globals: Float32Array;
  readonly localPx: number;
  /** shape [localCrops × B, localPx, localPx, 3] */
  readonly locals: Float32Array;
}

export const globalViews = 2;

export const localViewsOf = ({ photographs, localPx, locals }: CropBatch): number =>
  locals.length / (photographs * localPx * localPx * 3);

/**
 * Stochastic depth: by how much each sequence's share of a block's two branches is multiplied, 0 or 1 / (1 − rate). The rate
 * grows over the blocks in a straight line from 0.
 * @returns shape [depth, 2, S], or null where nothing is dropped
 */
export function dropPathScales(
  { depth }: VitArchitecture,
  { dropPath, seed }: Pick<TrainingConfiguration, 'dropPath' | 'seed'>,
  sequences: number,
  step: number,
): Float32Array | null {
  if (dropPath === 0) return null;
  const random = randomStream(seed, 2, step);
  const scales = new Float32Array(depth * 2 * sequences);
  for (let block = 0; block < depth; block++) {
    const rate = (dropPath * block) / Math.max(1, depth - 1);
    for (let i = 0; i < 2 * sequences; i++)
      scales[block * 2 * sequences + i] = random.next() < rate ? 0 : 1 / (1 - rate);
  }
  return scales;
}
