/**
 * Which variant of a kernel runs on a device: the one that was timed there (time-kernels), or the usual one if nothing
 * was timed.
 */
import type { AttentionVariant } from './attention-code.ts';
import type { WeightStorage } from './half-weights.ts';
import type { LinearVariant, RegisterVariant } from './linear-code.ts';

export interface Tuning {
  /** @returns null if no shape like this was timed */
  linear(rows: number, depth: number, columns: number, storage: WeightStorage): LinearVariant | null;
  /**
   * The same where a residual sum and LayerNorm follow (linear-norm); 'apart' if these are faster as two dispatches.
   */
  linearNorm(
    rows: number,
    depth: number,
    columns: number,
    storage: WeightStorage,
  ): RegisterVariant | 'apart' | null;
  /** How to store a weight of this shape on the device, if its values allow both ways. */
  storage(depth: number, columns: number): WeightStorage;
  /** Null if nothing was timed. */
  readonly attention: AttentionVariant | null;
}

export const untuned: Tuning = {
  linear: () => null,
  linearNorm: () => null,
  storage: () => 'float32',
  attention: null,
};

const tunings = new WeakMap<object, Tuning>();

/** @param backend tfjs's back end; there is one for each device */
export const tuningOf = (backend: object): Tuning => tunings.get(backend) ?? untuned;

export function setTuning(backend: object, tuning: Tuning): void {
  tunings.set(backend, tuning);
}
