/**
 * The mask of visualize_attention.py: the smallest set of patches that holds a given share of a map's mass.
 *
 * The official code sorts a head's values in ascending order, divides by their sum, cumulates, and keeps what lies
 * above 1 − share. Sorting does not depend on the share, so it is done once a map (`rankByMass`); moving the slider
 * is then one binary search (`massThreshold`).
 */
export interface MassRanking {
  /** Patch indices by ascending value; equal values keep their order in the map. */
  readonly order: Uint32Array;
  /** cumulated[i]: the share of the mass in the i + 1 smallest patches. */
  readonly cumulated: Float32Array;
  /** values[i]: the map's value at order[i]. */
  readonly values: Float32Array;
}

export interface MassThreshold {
  /** Kept are order[firstKept], order[firstKept + 1], … to the end. */
  readonly firstKept: number;
  readonly keptPatches: number;
  /**
   * Half way between the smallest value that is kept and the largest that is not: the level that separates the two
   * on a map that has been interpolated. -Infinity where all is kept, +Infinity where nothing is.
   */
  readonly level: number;
}

/** Masks of pixels have hundreds of thousands of values, and only 0 and 1: these need no sorting. */
function orderOf(map: Float32Array): Uint32Array {
  const order = Uint32Array.from(map, (_, patch) => patch);
  if (!map.every((value) => value === 0 || value === 1))
    return order.sort((a, b) => (map[a] ?? 0) - (map[b] ?? 0) || a - b);
  const outside = order.filter((patch) => map[patch] === 0);
  const inside = order.filter((patch) => map[patch] === 1);
  order.set(outside);
  order.set(inside, outside.length);
  return order;
}

/**
 * Numbers go through float32 where PyTorch's do: values, their sum, the quotient and the cumulated share are
 * float32; cumsum accumulates in float64, as ATen does on the CPU.
 */
export function rankByMass(map: Float32Array): MassRanking {
  const order = orderOf(map);
  const values = Float32Array.from(order, (patch) => map[patch] ?? 0);
  let total = 0;
  for (const value of values) total += value;
  total = Math.fround(total);
  const cumulated = new Float32Array(values.length);
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) {
    sum += Math.fround((values[i] ?? 0) / total);
    cumulated[i] = sum;
  }
  return { order, cumulated, values };
}

/** @param share of the mass to keep, 0..1; the official default is 0.6 */
export function massThreshold({ cumulated, values }: MassRanking, share: number): MassThreshold {
  // The comparison is between float32 numbers: PyTorch brings the scalar to the tensor's type.
  const dropped = Math.fround(1 - share);
  let low = 0;
  let high = cumulated.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cumulated[middle] ?? 0) > dropped) high = middle;
    else low = middle + 1;
  }
  // A map without mass has NaN shares: nothing lies above anything.
  const firstKept = low;
  const smallestKept = values[firstKept] ?? Number.POSITIVE_INFINITY;
  const largestDropped = values[firstKept - 1] ?? Number.NEGATIVE_INFINITY;
  return {
    firstKept,
    keptPatches: values.length - firstKept,
    level: (smallestKept + largestDropped) / 2,
  };
}

/** @returns 1 for a patch that is kept and 0 for one that is not, in the map's own order */
export function massMask(ranking: MassRanking, threshold: MassThreshold): Uint8Array {
  const mask = new Uint8Array(ranking.order.length);
  for (const patch of ranking.order.subarray(threshold.firstKept)) mask[patch] = 1;
  return mask;
}
