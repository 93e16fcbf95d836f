/** k-means of points that are known only by their cosines. */
import { randomStream, type Random } from '../core/random.ts';

/** As scikit-learn's. */
const maxSteps = 300;

/** Points that are nearer count as equal: cosines are float32. */
const leastSquaredDistance = 1e-5;

/** @returns an index, drawn with a probability proportional to its weight */
function draw(weights: Float64Array, random: Random): number {
  const drawn = random.next() * weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  for (const [index, weight] of weights.entries()) {
    sum += weight;
    if (sum > drawn) return index;
  }
  return weights.findLastIndex((weight) => weight > 0);
}

/** k-means++: each next centre is drawn with a probability proportional to the squared distance to the nearest one so far. */
function chooseCentres(cosines: Float32Array, points: number, count: number, random: Random): number[] {
  const centres = [random.below(points)];
  const distances = new Float64Array(points).fill(Infinity);
  for (;;) {
    const row = (centres.at(-1) as number) * points;
    for (let point = 0; point < points; point++) {
      const squared = Math.max(0, 2 - 2 * (cosines[row + point] as number));
      distances[point] = Math.min(distances[point] as number, squared < leastSquaredDistance ? 0 : squared);
    }
    if (centres.length === count || !distances.some((distance) => distance > 0)) return centres;
    centres.push(draw(distances, random));
  }
}

/**
 * One step of Lloyd's: every point goes to the nearest mean; the first of several. The squared distance of x to the mean of a
 * cluster c is x·x − 2/|c| Σ x·y + 1/|c|² ΣΣ y·z, of which x·x is the same for all clusters.
 */
function assign(cosines: Float32Array, clusters: Int32Array, count: number): Int32Array<ArrayBuffer> {
  const points = clusters.length;
  const sizes = new Float64Array(count);
  const sums = new Float64Array(points * count);
  const squares = new Float64Array(count);
  for (const [point, cluster] of clusters.entries()) {
    sizes[cluster] = (sizes[cluster] as number) + 1;
    for (let other = 0; other < points; other++) {
      const at = point * count + (clusters[other] as number);
      sums[at] = (sums[at] as number) + (cosines[point * points + other] as number);
    }
    squares[cluster] = (squares[cluster] as number) + (sums[point * count + cluster] as number);
  }
  return Int32Array.from(clusters, (_, point) => {
    let [best, least] = [0, Infinity];
    for (let cluster = 0; cluster < count; cluster++) {
      const size = sizes[cluster] as number;
      if (size === 0) continue;
      const distance =
        (squares[cluster] as number) / size ** 2 - (2 * (sums[point * count + cluster] as number)) / size;
      if (distance < least) [best, least] = [cluster, distance];
    }
    return best;
  });
}

/**
 * k-means of points of length 1, from one start by k-means++. Its random numbers are the same in each run.
 * @param cosines shape [points, points]
 * @param count how many clusters, at least one; fewer where fewer points differ
 * @returns each point's cluster; shape [points]
 */
export async function clusterByCosines(
  cosines: Float32Array,
  points: number,
  count: number,
  afterStep: () => Promise<void> = () => Promise.resolve(),
): Promise<Int32Array<ArrayBuffer>> {
  if (points === 0) return new Int32Array(0);
  const centres = chooseCentres(cosines, points, count, randomStream(points, count));
  let clusters = Int32Array.from({ length: points }, (_, point) => {
    let best = 0;
    const cosineWith = (at: number): number => cosines[(centres[at] as number) * points + point] as number;
    for (let at = 1; at < centres.length; at++) if (cosineWith(at) > cosineWith(best)) best = at;
    return best;
  });
  for (let step = 0; step < maxSteps; step++) {
    await afterStep();
    const next = assign(cosines, clusters, centres.length);
    if (next.every((cluster, point) => cluster === clusters[point])) break;
    clusters = next;
  }
  return clusters;
}
