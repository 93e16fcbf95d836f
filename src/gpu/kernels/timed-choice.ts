/** The fastest variants for an adapter and model: how they are stored, and how they are put into effect. */
import * as tf from '@tensorflow/tfjs-core';
import { setTuning, tuningOf, untuned, type Tuning } from './tuning.ts';
import type { RegisterVariant } from './linear-code.ts';
import { attentionNamed, variantNamed } from './variants.ts';

/** Names of the fastest variants for a linear layer of one shape, for each storage of its weight. */
export interface TimedLayer {
  readonly float32: string;
  /** Null if a weight of half the size would take too much time. */
  readonly float16: string | null;
}

/** The same where a residual sum and LayerNorm follow; 'apart' if two dispatches are faster. Null if nothing was timed. */
export interface TimedNorm {
  readonly float32: string | null;
  readonly float16: string | null;
}

/** The stored choice for an adapter and model. */
export interface Timed {
  /** `depth → columns` of a linear layer → its variants */
  readonly linear: Readonly<Record<string, TimedLayer>>;
  /** Of the layers that end half a block, by the same names. */
  readonly linearNorm: Readonly<Record<string, TimedNorm>>;
  /** A variant's name; null if nothing was timed. */
  readonly attention: string | null;
}

export const shapeName = (depth: number, columns: number): string => `${depth} → ${columns}`;

/** @returns null if there is none of this name */
function normVariantNamed(name: string | null): RegisterVariant | 'apart' | null {
  if (name === 'apart') return name;
  const variant = variantNamed(name);
  return variant === undefined || variant.kind === 'shared' ? null : variant;
}

/** @param others tuning for the shapes of models that were in use before */
export function tuningFrom({ linear, linearNorm, attention }: Timed, others: Tuning): Tuning {
  const layerOf = (depth: number, columns: number): TimedLayer | undefined =>
    linear[shapeName(depth, columns)];
  return {
    // Few rows (the query of CLS) are another shape, and take little time.
    linear: (rows, depth, columns, storage) =>
      rows < 64
        ? null
        : (variantNamed(layerOf(depth, columns)?.[storage] ?? null) ??
          others.linear(rows, depth, columns, storage)),
    // All tokens in every pass, however few.
    linearNorm: (rows, depth, columns, storage) =>
      normVariantNamed(linearNorm[shapeName(depth, columns)]?.[storage] ?? null) ??
      others.linearNorm(rows, depth, columns, storage),
    storage: (depth, columns) => {
      const layer = layerOf(depth, columns);
      if (layer === undefined) return others.storage(depth, columns);
      return layer.float16 === null ? 'float32' : 'float16';
    },
    attention: attentionNamed(attention) ?? null,
  };
}

export const forgetTuning = (): void => setTuning(tf.backend(), untuned);

/** @returns a function that restores the current tuning */
export function rememberTuning(): () => void {
  const backend = tf.backend();
  const tuning = tuningOf(backend);
  return () => setTuning(backend, tuning);
}

/** Puts a choice into effect. */
export const applyTimed = (timed: Timed): void =>
  setTuning(tf.backend(), tuningFrom(timed, tuningOf(tf.backend())));
