/** How far two maps of one grid agree. */
import { valueRange } from './value-range.ts';
import { massMask, massThreshold, rankByMass } from './mass-mask.ts';

export interface Agreement {
  /** Jaccard index of the maps' masks; null where a map has values below 0, or both masks are empty. */
  readonly jaccard: number | null;
  /** Which share of a map's mass its mask holds; null where the two differ. */
  readonly share: number | null;
  /** Spearman's rank correlation, equal values with their mean rank; null where a map is the same everywhere. */
  readonly rankCorrelation: number | null;
}

/** The official script's default. */
export const usualShare = 0.6;

/** A map, and which share of its mass its mask holds: all of it where it is a mask already. */
export interface SharedMap {
  readonly map: Float32Array;
  readonly share: number;
}

/** @returns the rank of each value from 1; equal values have the mean of their ranks */
function ranksOf(map: Float32Array): Float64Array {
  const order = Uint32Array.from(map, (_, at) => at).sort((a, b) => (map[a] as number) - (map[b] as number));
  const ranks = new Float64Array(map.length);
  for (let begin = 0; begin < order.length;) {
    let end = begin + 1;
    while (end < order.length && map[order[end] as number] === map[order[begin] as number]) end += 1;
    for (let at = begin; at < end; at++) ranks[order[at] as number] = (begin + 1 + end) / 2;
    begin = end;
  }
  return ranks;
}

/** Pearson's; null where one does not vary. */
function correlationOfRanks(a: Float64Array, b: Float64Array): number | null {
  const mean = (a.length + 1) / 2;
  let [both, squaresA, squaresB] = [0, 0, 0];
  for (const [at, value] of a.entries()) {
    const other = (b[at] as number) - mean;
    both += (value - mean) * other;
    squaresA += (value - mean) ** 2;
    squaresB += other ** 2;
  }
  return squaresA === 0 || squaresB === 0 ? null : both / Math.sqrt(squaresA * squaresB);
}

function jaccardOf(a: SharedMap, b: SharedMap): number | null {
  if ([a, b].some(({ map }) => map.some((value) => value < 0))) return null;
  const [one, other] = [a, b].map(({ map, share }) => {
    const ranking = rankByMass(map);
    return massMask(ranking, massThreshold(ranking, share));
  }) as [Uint8Array, Uint8Array];
  let [shared, all] = [0, 0];
  for (const [at, value] of one.entries()) {
    const second = other[at] as number;
    shared += value & second;
    all += value | second;
  }
  return all === 0 ? null : shared / all;
}

/** @param a, b of the same shape */
export function agreementOf(a: SharedMap, b: SharedMap): Agreement {
  if (a.map.length !== b.map.length) throw new Error(`maps of ${a.map.length} and ${b.map.length} patches`);
  return {
    jaccard: jaccardOf(a, b),
    share: a.share === b.share ? a.share : null,
    rankCorrelation: correlationOfRanks(ranksOf(a.map), ranksOf(b.map)),
  };
}

const stretched = (map: Float32Array): Float32Array<ArrayBuffer> => {
  const { min, max } = valueRange({ values: map });
  return Float32Array.from(map, (value) => (max > min ? (value - min) / (max - min) : 0));
};

/** @returns a − b, each stretched to 0..1 as heat maps are drawn; −1..1 */
export function differenceOf(a: Float32Array, b: Float32Array): Float32Array<ArrayBuffer> {
  const other = stretched(b);
  return stretched(a).map((value, at) => value - (other[at] as number));
}
