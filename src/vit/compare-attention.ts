/** Our forward passes against PyTorch's numbers of one network and one input, for tests and for `npm run prove`. */
import type { ForwardTrace } from './trace.ts';
import type { SpecialAttention } from './attend.ts';
import { maxAbsDifference } from '../core/max-abs-difference.ts';

export interface ReferenceForward {
  readonly clsAttention: { readonly shape: readonly number[]; readonly values: Float32Array };
  /** shape [R, H, T], of the last layer; empty where there are no registers */
  readonly registerAttention: Float32Array;
  /** shape [C] */
  readonly clsFeature: Float32Array;
}

type PageAttention = Pick<SpecialAttention, 'maps' | 'registerMaps' | 'specialShares' | 'numRegisters'>;

/** @returns the largest difference of all that the page's pass returns; Infinity where it returns another number of values */
export function attentionDifference(
  actual: PageAttention,
  { clsAttention, registerAttention }: ReferenceForward,
): number {
  const [layers = 0, heads = 0, tokens = 0] = clsAttention.shape;
  const special = 1 + actual.numRegisters;
  const last = clsAttention.values.subarray((layers - 1) * heads * tokens);
  const isPatch = (_: number, i: number): boolean => i % tokens >= special;
  return Math.max(
    maxAbsDifference(actual.maps, last.filter(isPatch)),
    maxAbsDifference(actual.registerMaps, registerAttention.filter(isPatch)),
    maxAbsDifference(
      actual.specialShares,
      last.filter((_, i) => i % tokens < special),
    ),
  );
}

export interface TraceDifference {
  /** Of the CLS rows of every layer, the largest. */
  readonly attention: number;
  /** Of the CLS feature, relative to its largest value. */
  readonly feature: number;
}

export function traceDifference(
  actual: Pick<ForwardTrace, 'clsAttention' | 'clsFeature'>,
  { clsAttention, clsFeature }: ReferenceForward,
): TraceDifference {
  const scale = clsFeature.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return {
    attention: maxAbsDifference(actual.clsAttention, clsAttention.values),
    feature: maxAbsDifference(actual.clsFeature, clsFeature) / scale,
  };
}
