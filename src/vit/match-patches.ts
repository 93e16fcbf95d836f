/** Compares all patches of two photographs, n × m cosines, on the device: only the nearest of each comes back. */
import * as tf from '@tensorflow/tfjs-core';
import type { NearestPatches, PatchMatch } from '../core/patch-match.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import type { BlockLayers } from './block-layers.ts';
import { throwIfAborted } from './forward.ts';
import { asWeight, normalised } from './patch-features.ts';
import { readValues } from './read-values.ts';

const usualBytes = 16 * 1024 * 1024;

/** Whole tiles of the kernels that are timed. */
const columnsAtOnce = 64;

interface Device {
  readonly layers: BlockLayers;
  readonly faults: FaultWatch;
  readonly signal: AbortSignal;
  /** Cosines that are held at once take no more, or are of 64 patches. */
  readonly maxBytes?: number;
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

/**
 * @param first, second features of each photograph's patches, shapes [n, C] and [m, C]; borrowed
 * @returns for each patch the patch of the other photograph with the largest cosine
 * @throws FailureError on a fault of the device, or 'cancelled'
 */
export async function readNearestPatches(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  { layers, faults, signal, maxBytes = usualBytes }: Device,
): Promise<readonly [ofFirst: NearestPatches, ofSecond: NearestPatches]> {
  const [[rows], [patches]] = [first.shape, second.shape];
  const ofFirst = { patches: new Int32Array(rows), cosines: new Float32Array(rows).fill(-Infinity) };
  const ofSecond = { patches: new Int32Array(patches), cosines: new Float32Array(patches) };
  const x = normalised(first);
  const weight = tf.tidy(() => asWeight(normalised(second), columnsAtOnce));
  const most = Math.max(1, Math.floor(maxBytes / (4 * rows * columnsAtOnce))) * columnsAtOnce;
  try {
    for (let begin = 0; begin < patches; begin += most) {
      const columns = { begin, count: Math.min(most, weight.shape[1] - begin) };
      const count = Math.min(columns.count, patches - begin);
      const extremes = tf.tidy(() => {
        const products = layers.linearPart(x, { weight, bias: null }, rows, columns);
        return extremesOf(count === columns.count ? products : tf.slice2d(products, [0, 0], [-1, count]));
      });
      const { values } = await readValues(extremes, faults);
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
 * @param first, second as above; borrowed
 * @param pairs P of them
 * @returns shape [P, P]
 * @throws FailureError on a fault of the device
 */
export async function readPairCosines(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  pairs: readonly PatchMatch[],
  { layers, faults }: Pick<Device, 'layers' | 'faults'>,
): Promise<Float32Array<ArrayBuffer>> {
  const cosines = tf.tidy(() => {
    const of = (features: tf.Tensor2D, side: 'first' | 'second'): tf.Tensor2D =>
      tf.gather(
        features,
        tf.tensor1d(
          pairs.map((pair) => pair[side]),
          'int32',
        ),
      );
    const together = normalised(tf.concat2d([of(first, 'first'), of(second, 'second')], 1));
    const products = layers.linear(together, { weight: asWeight(together, 4), bias: null });
    return tf.slice2d(products, [0, 0], [-1, pairs.length]);
  });
  return (await readValues(cosines, faults)).values.slice();
}
