/** What was found fastest on an adapter for a model, as it is remembered, and how it comes into force. */
import * as tf from '@tensorflow/tfjs-core';
import { setTuning, tuningOf, untuned, type Tuning } from './tuning.ts';
import { variantNamed } from './variants.ts';

/** Names of the fastest variants for a linear layer of one shape, by how its weight lies. */
export interface TimedLayer {
  readonly float32: string;
  /** Null where a weight of half the size is not worth its time. */
  readonly float16: string | null;
}

/** What is remembered of an adapter and model. */
export interface Timed {
  /** `depth → columns` of a linear layer → its variants */
  readonly linear: Readonly<Record<string, TimedLayer>>;
  readonly attentionQueries: 1 | 2 | 4 | 8 | null;
}

export const shapeName = (depth: number, columns: number): string => `${depth} → ${columns}`;

/** @param others shapes of models that were in use before */
export function tuningFrom({ linear, attentionQueries }: Timed, others: Tuning): Tuning {
  const layerOf = (depth: number, columns: number): TimedLayer | undefined =>
    linear[shapeName(depth, columns)];
  return {
    // Few rows (CLS's query) are another shape, of no weight.
    linear: (rows, depth, columns, storage) =>
      rows < 64
        ? null
        : (variantNamed(layerOf(depth, columns)?.[storage] ?? null) ??
          others.linear(rows, depth, columns, storage)),
    storage: (depth, columns) => {
      const layer = layerOf(depth, columns);
      if (layer === undefined) return others.storage(depth, columns);
      return layer.float16 === null ? 'float32' : 'float16';
    },
    attentionQueries,
  };
}

export const forgetTuning = (): void => setTuning(tf.backend(), untuned);

/** @returns a function that puts into force what is in force now */
export function rememberTuning(): () => void {
  const backend = tf.backend();
  const tuning = tuningOf(backend);
  return () => setTuning(backend, tuning);
}

/** Puts a choice into force. */
export const applyTimed = (timed: Timed): void =>
  setTuning(tf.backend(), tuningFrom(timed, tuningOf(tf.backend())));
