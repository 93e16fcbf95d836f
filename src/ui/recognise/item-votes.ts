/** What the votes say about one photograph. */
import type { ProbePredictions } from '../../rpc/recognise-contract.ts';
import { isWithoutChoice, type Prediction, type Votes } from './recognise-state.ts';

export interface Neighbour {
  readonly index: number;
  readonly cosine: number;
}

/** @returns those that voted, the nearest first; none where nobody was there to ask */
export function neighboursOf(votes: Votes | null, index: number): readonly Neighbour[] {
  if (votes === null) return [];
  const { k, items, cosines } = votes.neighbours;
  return Array.from({ length: k }, (_, rank) => index * k + rank).flatMap((at) => {
    const neighbour = items[at] ?? -1;
    return neighbour < 0 ? [] : [{ index: neighbour, cosine: cosines[at] ?? 0 }];
  });
}

/** @returns every class that has a share of the votes, the largest first; none where there is nothing to choose between */
export function sharesOf(predicted: ProbePredictions | null, index: number): readonly Prediction[] {
  if (predicted === null || isWithoutChoice(predicted)) return [];
  const { classNames, shares } = predicted;
  return classNames
    .map((className, at) => ({ className, share: shares[index * classNames.length + at] ?? 0 }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
}
