import type { LikelyClass } from '../../core/linear-head.ts';
import type { CollectionItem, ProbePredictions } from '../../rpc/recognise-contract.ts';
import { formatPercent } from '../kit/format.ts';
import { predictionOf } from './recognise-state.ts';

/** A photograph in words: its name, its class, and what was voted or told. @param likeliest of a linear classifier, where it was asked */
export function describeItem(
  item: CollectionItem,
  predicted: ProbePredictions | null,
  likeliest: LikelyClass | undefined,
): string {
  const prediction = predictionOf(predicted, item.index);
  const voted =
    prediction === null ? '' : `, voted ${prediction.className} ${formatPercent(prediction.share)}`;
  const told = likeliest === undefined ? '' : `, ${likeliest.name} ${formatPercent(likeliest.probability)}`;
  return `${item.name}, ${item.className ?? 'no class'}${voted}${told}`;
}
