/** Compares all patches of two photographs, n × m cosines, on the device: only the nearest of each comes back. */
import * as tf from '@tensorflow/tfjs-core';
import type { NearestPatches, PatchMatch } from '../core/patch-match.ts';
import { throwIfAborted } from './forward.ts';
import { asWeight, normalised, patchFeatures } from './patch-features.ts';
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

interface NearestOptions {
  readonly signal: AbortSignal;
  /** Cosines that are held at once take no more, or are of 64 patches. */
  readonly maxBytes?: number;
}

/**
 * @returns for each patch of each photograph the patch of the other one with the largest cosine
 * @throws FailureError on a fault of the device, or 'cancelled'
 */
export async function readNearestPatches(
  { first, second, block, facet }: PatchPair,
  { signal, maxBytes = usualBytes }: NearestOptions,
): Promise<readonly [ofFirst: NearestPatches, ofSecond: NearestPatches]> {
  const [rows, patches] = [first.rows * first.columns, second.rows * second.columns];
  const ofFirst = { patches: new Int32Array(rows), cosines: new Float32Array(rows).fill(-Infinity) };
  const ofSecond = { patches: new Int32Array(patches), cosines: new Float32Array(patches) };
  const x = tf.tidy(() => normalised(patchFeatures(first, block, facet)));
  const weight = tf.tidy(() => asWeight(normalised(patchFeatures(second, block, facet)), columnsAtOnce));
  const most = Math.max(1, Math.floor(maxBytes / (4 * rows * columnsAtOnce))) * columnsAtOnce;
  try {
    for (let begin = 0; begin < patches; begin += most) {
      const columns = { begin, count: Math.min(most, weight.shape[1] - begin) };
      const count = Math.min(columns.count, patches - begin);
      const extremes = tf.tidy(() => {
        const products = first.layers.linearPart(x, { weight, bias: null }, rows, columns);
        return extremesOf(count === columns.count ? products : tf.slice2d(products, [0, 0], [-1, count]));
      });
      const { values } = await readValues(extremes, first.faults);
      for (let row = 0; row < rows; row++) {
        const cosine = values[row] as number;
        if (cosine <= (ofFirst.cosines[row] as number)) continue;
        ofFirst.cosines[row] = cosine;
        ofFirst.patches[row] = begin + (values[rows + row] as number);
      }
      ofSecond.cosines.set(values.subarray(2 * rows, 2 * rows + count), begin);
      ofSecond.patches.set(values.subarray(2 * rows + count), begin);
      throwIfAborted(signal);
    }
    return [ofFirst, ofSecond];
  } finally {
    tf.dispose([x, weight]);
  }
}

/**
 * How alike pairs are: cosines of their features, the first patch's and the second's one after the other.
 * @param pairs P of them, at least one
 * @returns shape [P, P]
 * @throws FailureError on a fault of the device
 */
export async function readPairCosines(
  { first, second, block, facet }: PatchPair,
  pairs: readonly PatchMatch[],
): Promise<Float32Array<ArrayBuffer>> {
  const cosines = tf.tidy(() => {
    const of = (tapped: Tapped, patches: readonly number[]): tf.Tensor2D =>
      tf.gather(patchFeatures(tapped, block, facet), tf.tensor1d([...patches], 'int32'));
    const both = [
      of(
        first,
        pairs.map((pair) => pair.first),
      ),
      of(
        second,
        pairs.map((pair) => pair.second),
      ),
    ];
    const together = normalised(tf.concat2d(both, 1));
    const products = first.layers.linear(together, { weight: asWeight(together, 4), bias: null });
    return tf.slice2d(products, [0, 0], [-1, pairs.length]);
  });
  return (await readValues(cosines, first.faults)).values.slice();
}
