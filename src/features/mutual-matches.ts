/** Which patches of two photographs correspond: the recipe of Amir et al., "Deep ViT Features as Dense Visual Descriptors", 2022. */
import type { NearestPatches, PatchMatch } from '../core/patch-match.ts';
import { clusterByCosines } from './cluster.ts';

/** @returns pairs in which each patch is the other's nearest, by the first photograph's patches */
export function mutualMatches(ofFirst: NearestPatches, ofSecond: NearestPatches): PatchMatch[] {
  const pairs: PatchMatch[] = [];
  for (const [first, second] of ofFirst.patches.entries())
    if (ofSecond.patches[second] === first)
      pairs.push({ first, second, cosine: ofFirst.cosines[first] as number });
  return pairs;
}

/**
 * A few pairs that lie on different things: pairs are clustered by their features, and of each cluster the most salient one is
 * taken, the first of several.
 * @param cosines how alike the pairs are, shape [P, P]
 * @param saliency of each pair, shape [P]
 * @param count how many clusters, if there are so many pairs that differ
 * @param afterStep awaited between the steps of the clustering
 * @returns their indices, the most salient first
 */
export async function thinMatches(
  cosines: Float32Array,
  saliency: ArrayLike<number>,
  count: number,
  afterStep?: () => Promise<void>,
): Promise<number[]> {
  const clusters = await clusterByCosines(cosines, saliency.length, count, afterStep);
  const best = new Map<number, number>();
  for (const [pair, cluster] of clusters.entries()) {
    const rival = best.get(cluster);
    if (rival === undefined || (saliency[pair] as number) > (saliency[rival] as number))
      best.set(cluster, pair);
  }
  return [...best.values()].toSorted((a, b) => (saliency[b] as number) - (saliency[a] as number) || a - b);
}
