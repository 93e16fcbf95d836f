/** Tables of a collection as files for a spreadsheet. */
import { toCsv } from '../../core/csv.ts';
import {
  predictionOf,
  type HeadAnswers,
  type LookAlikes,
  type OpenCollection,
  type Votes,
} from './recognise-state.ts';
import type { ProbePredictions } from '../../rpc/recognise-contract.ts';

const csvFile = (rows: readonly (readonly string[])[]): Blob => new Blob([toCsv(rows)], { type: 'text/csv' });

/** A row for each photograph: its class and what was predicted, empty where nobody answers or there is nothing to choose between. */
export function predictionsToCsv({ items }: OpenCollection, predicted: ProbePredictions): Blob {
  const rows = items
    .filter(({ failure }) => failure === null)
    .map(({ index, path, className }) => {
      const prediction = predictionOf(predicted, index);
      return [
        path,
        className ?? '',
        prediction?.className ?? '',
        prediction === null ? '' : prediction.share.toFixed(6),
      ];
    });
  return csvFile([['path', 'class', 'predicted', 'share'], ...rows]);
}

/** A row for each class that is told of a photograph. */
export function likelyClassesToCsv({ items }: OpenCollection, told: HeadAnswers['told']): Blob {
  const rows = items.flatMap(({ index, path, className }) =>
    (told.get(index) ?? []).map(({ name, probability }, rank) => [
      path,
      className ?? '',
      String(rank + 1),
      name,
      probability.toFixed(6),
    ]),
  );
  return csvFile([['path', 'class', 'rank', 'told', 'probability'], ...rows]);
}

/** A row for each neighbour that voted. */
export function neighboursToCsv({ items }: OpenCollection, { neighbours }: Votes): Blob {
  const { k, items: nearest, cosines } = neighbours;
  const rows = items.flatMap(({ index, path }) =>
    Array.from({ length: k }, (_, rank) => index * k + rank).flatMap((at) => {
      const other = items[nearest[at] ?? -1];
      return other === undefined
        ? []
        : [[path, String((at % k) + 1), other.path, other.className ?? '', (cosines[at] ?? 0).toFixed(6)]];
    }),
  );
  return csvFile([['path', 'rank', 'neighbour', 'class', 'cosine'], ...rows]);
}

/** The nearest of one photograph. */
export function nearestToCsv({ items }: OpenCollection, { of, nearest }: LookAlikes): Blob {
  const rows = [...(nearest?.items ?? [])].flatMap((index, rank) => {
    const other = items[index];
    return other === undefined
      ? []
      : [
          [
            items[of ?? -1]?.path ?? '',
            String(rank + 1),
            other.path,
            (nearest?.cosines[rank] ?? 0).toFixed(6),
          ],
        ];
  });
  return csvFile([['path', 'rank', 'look-alike', 'cosine'], ...rows]);
}

/** A row for each photograph that has a near-duplicate. */
export function groupsToCsv({ items }: OpenCollection, { groups }: LookAlikes): Blob {
  const rows = groups.flatMap((group, at) =>
    group.map((index) => [String(at + 1), items[index]?.path ?? '']),
  );
  return csvFile([['group', 'path'], ...rows]);
}
