import type { LikelyClass } from '../../core/linear-head.ts';
import type { CollectionItem, ProbePredictions } from '../../rpc/recognise-contract.ts';
import { formatPercent } from '../kit/format.ts';
import { isWithoutChoice, predictionOf } from './recognise-state.ts';

/** A photograph in words: its name, its class, and what was voted or told. @param likeliest of a linear classifier, where it was asked */
export function describeItem(
  item: Pick<CollectionItem, 'index' | 'name' | 'className'>,
  predicted: ProbePredictions | null,
  likeliest: LikelyClass | undefined,
): string {
  const prediction = predictionOf(predicted, item.index);
  const votes = isWithoutChoice(predicted) ? ', nothing to vote between' : '';
  const voted =
    prediction === null ? votes : `, voted ${prediction.className} ${formatPercent(prediction.share)}`;
  const told = likeliest === undefined ? '' : `, ${likeliest.name} ${formatPercent(likeliest.probability)}`;
  return `${item.name}, ${item.className ?? 'no class'}${voted}${told}`;
}
