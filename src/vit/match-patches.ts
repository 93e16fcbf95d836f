/** Compares all patches of two photographs, n × m cosines, on the device: only the nearest of each comes back. */
import * as tf from '@tensorflow/tfjs-core';
import type { NearestPatches, PatchMatch } from '../core/patch-match.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import type { BlockLayers } from './block-layers.ts';
import { checkCosines } from './check-cosines.ts';
import { throwIfAborted } from './forward.ts';
import { dividedByLength, PatchDescriptors } from './patch-descriptors.ts';
import { asWeight } from './patch-features.ts';
import { readValues } from './read-values.ts';
import type { Tapped } from './tapped.ts';
import type { Facet } from './taps.ts';

const usualBytes = 16 * 1024 * 1024;

/** Whole tiles of the kernels that are timed. */
const columnsAtOnce = 64;

/** Two photographs' passes on one device that keep this facet of this block; borrowed. */
export interface PatchPair {
  readonly first: Tapped;
  readonly second: Tapped;
  readonly block: number;
  readonly facet: Facet;
  /** Whether patches are compared with their surroundings, see `PatchDescriptors`: 17 times the products. */
  readonly surroundings: boolean;
}

/** Patches of a photograph, by their descriptors. */
interface Some {
  readonly of: PatchDescriptors;
  readonly patches: ArrayLike<number>;
  /** Their lengths, squared; shape [count, 1] */
  readonly squares: tf.Tensor2D;
}

/** @returns cosines of each with each, and columns of 0 to whole tiles; shape [n, ≥ m] */
function cosinesOf(first: Some, second: Some, layers: BlockLayers): tf.Tensor2D {
  const partOf = ({ of, patches, squares }: Some, bin: PatchDescriptors['bins'][number]): tf.Tensor2D =>
    tf.tidy(() => dividedByLength(of.featuresAt(bin, patches), squares));
  let sum: tf.Tensor2D | null = null;
  for (const bin of first.of.bins) {
    const before: tf.Tensor2D | null = sum;
    sum = tf.tidy(() => {
      const weight = asWeight(partOf(second, bin), columnsAtOnce);
      const products = layers.linear(partOf(first, bin), { weight, bias: null });
      return before === null ? products : tf.add(before, products);
    });
    before?.dispose();
  }
  if (sum === null) throw new Error('a descriptor without bins');
  return sum;
}

/**
 * Among equal cosines the back end chooses.
 * @param products shape [n, m]
 * @returns largest of each row, where; largest of each column, where: shape [2n + 2m]
 */
const extremesOf = (products: tf.Tensor2D): tf.Tensor1D =>
  tf.concat1d(
    [1, 0].flatMap((axis): tf.Tensor1D[] => [
      tf.max<tf.Tensor1D>(products, axis),
      tf.cast<tf.Tensor1D>(tf.argMax(products, axis), 'float32'),
    ]),
  );

const range = (begin: number, count: number): Int32Array =>
  Int32Array.from({ length: count }, (_, at) => begin + at);

interface NearestOptions {
  readonly signal: AbortSignal;
  /** Cosines that are held at once take no more, or are of 64 patches. */
  readonly maxBytes?: number;
  /** Told the share of the second photograph's patches that have been compared. */
  onProgress?(share: number): void;
}

async function readNearestOf(
  first: PatchDescriptors,
  second: PatchDescriptors,
  { layers, faults }: { readonly layers: BlockLayers; readonly faults: FaultWatch },
  { signal, maxBytes = usualBytes, onProgress }: NearestOptions,
): Promise<readonly [ofFirst: NearestPatches, ofSecond: NearestPatches]> {
  const [rows, patches] = [first.patches, second.patches];
  const ofFirst = { patches: new Int32Array(rows), cosines: new Float32Array(rows).fill(-Infinity) };
  const ofSecond = { patches: new Int32Array(patches), cosines: new Float32Array(patches) };
  const all = range(0, rows);
  const most = Math.max(1, Math.floor(maxBytes / (4 * rows * columnsAtOnce))) * columnsAtOnce;
  for (let begin = 0; begin < patches; begin += most) {
    const count = Math.min(most, patches - begin);
    const extremes = tf.tidy(() => {
      const columns = range(begin, count);
      const cosines = cosinesOf(
        { of: first, patches: all, squares: first.squaresAt(all) },
        { of: second, patches: columns, squares: second.squaresAt(columns) },
        layers,
      );
      return extremesOf(count === cosines.shape[1] ? cosines : tf.slice2d(cosines, [0, 0], [-1, count]));
    });
    const { values } = await readValues(extremes, faults);
    checkCosines(values.subarray(0, rows));
    for (let row = 0; row < rows; row++) {
      const cosine = values[row] as number;
      if (cosine <= (ofFirst.cosines[row] as number)) continue;
      ofFirst.cosines[row] = cosine;
      ofFirst.patches[row] = begin + (values[rows + row] as number);
    }
    ofSecond.cosines.set(values.subarray(2 * rows, 2 * rows + count), begin);
    ofSecond.patches.set(values.subarray(2 * rows + count), begin);
    throwIfAborted(signal);
    onProgress?.((begin + count) / patches);
  }
  return [ofFirst, ofSecond];
}

/** Disposes the descriptors in the end, also where the second photograph's find no memory. */
async function withDescriptors<T>(
  { first, second, ...options }: PatchPair,
  work: (one: PatchDescriptors, other: PatchDescriptors) => Promise<T>,
): Promise<T> {
  const made: PatchDescriptors[] = [];
  try {
    const one = new PatchDescriptors(first, options);
    made.push(one);
    const other = new PatchDescriptors(second, options);
    made.push(other);
    return await work(one, other);
  } finally {
    for (const descriptors of made) descriptors.dispose();
  }
}

/**
 * @returns for each patch of each photograph the patch of the other one with the largest cosine
 * @throws FailureError on a fault of the device, or 'cancelled'
 */
export async function readNearestPatches(
  { first, second, ...options }: PatchPair,
  limits: NearestOptions,
): Promise<readonly [ofFirst: NearestPatches, ofSecond: NearestPatches]> {
  return withDescriptors({ first, second, ...options }, (one, other) =>
    readNearestOf(one, other, first, limits),
  );
}

/**
 * How alike pairs are: cosines of their descriptors, the first patch's and the second's one after the other.
 * @param pairs P of them, at least one
 * @returns shape [P, P]
 * @throws FailureError on a fault of the device
 */
export async function readPairCosines(
  { first, second, ...options }: PatchPair,
  pairs: readonly PatchMatch[],
): Promise<Float32Array<ArrayBuffer>> {
  return withDescriptors({ first, second, ...options }, async (one, other) => {
    const cosines = tf.tidy(() => {
      const ends = [
        { of: one, patches: pairs.map((pair) => pair.first) },
        { of: other, patches: pairs.map((pair) => pair.second) },
      ];
      // The length of both together.
      const squares = tf.addN(ends.map(({ of, patches }) => of.squaresAt(patches)));
      const sums = ends.map((end) => cosinesOf({ ...end, squares }, { ...end, squares }, first.layers));
      return tf.slice2d(tf.addN(sums), [0, 0], [-1, pairs.length]);
    });
    const { values } = await readValues(cosines, first.faults);
    checkCosines(values);
    return values.slice();
  });
}
