/** Which variant of a kernel runs on a device: what was timed there (time-kernels), or nothing, and then the usual ones. */
import type { WeightStorage } from './half-weights.ts';
import type { LinearVariant } from './linear-code.ts';

export interface Tuning {
  /** @returns null where nothing was timed for a shape like this */
  linear(rows: number, depth: number, columns: number, storage: WeightStorage): LinearVariant | null;
  /** How a weight of this shape is to lie on the device, where its values allow either. */
  storage(depth: number, columns: number): WeightStorage;
  /** Queries an invocation of the attention takes; null where nothing was timed. */
  readonly attentionQueries: 1 | 2 | 4 | 8 | null;
}

export const untuned: Tuning = { linear: () => null, storage: () => 'float32', attentionQueries: null };

const tunings = new WeakMap<object, Tuning>();

/** @param backend tfjs's, one for each device */
export const tuningOf = (backend: object): Tuning => tunings.get(backend) ?? untuned;

export function setTuning(backend: object, tuning: Tuning): void {
  tunings.set(backend, tuning);
}
