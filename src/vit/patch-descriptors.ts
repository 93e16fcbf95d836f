/**
 * What a patch is compared by: its feature alone, or with its surroundings in bins that grow with the distance, as in Amir et al., "Deep ViT
 * Features as Dense Visual Descriptors", 2022. A descriptor is the bins' features one after the other. It is never held as a whole,
 * which would take 17 times the features: products of descriptors are sums of products of bins.
 */
import * as tf from '@tensorflow/tfjs-core';
import { leastLength, patchFeatures } from './patch-features.ts';
import type { Tapped } from './tapped.ts';
import type { Facet } from './taps.ts';

/** The feature of a patch so many rows and columns away; 'mean' is the mean of the 3 × 3 patches around it. */
interface Bin {
  readonly down: number;
  readonly right: number;
  readonly of: 'own' | 'mean';
}

/** Every combination of -step, 0 and step. */
const around = (step: number, of: Bin['of']): Bin[] =>
  [-step, 0, step].flatMap((down) => [-step, 0, step].map((right): Bin => ({ down, right, of })));

const alone: readonly Bin[] = [{ down: 0, right: 0, of: 'own' }];

/** The patch and its eight neighbours; then the means around eight patches at a distance of three. */
const withSurroundings: readonly Bin[] = [
  ...around(1, 'own'),
  ...around(3, 'mean').filter(({ down, right }) => down !== 0 || right !== 0),
];

interface DescriptorOptions {
  readonly block: number;
  readonly facet: Facet;
  readonly surroundings: boolean;
}

/** Dispose of it. */
export class PatchDescriptors {
  /** n */
  readonly patches: number;
  readonly bins: readonly Bin[];
  private readonly rows: number;
  private readonly columns: number;
  /** shape [n, C] each; the means are missing where no bin needs them */
  private readonly features: Readonly<Record<Bin['of'], tf.Tensor2D | null>>;
  /** Of the whole descriptors, squared; shape [n] */
  private readonly squares: tf.Tensor1D;

  /** @param tapped keeps this facet of this block; borrowed */
  constructor(tapped: Tapped, { block, facet, surroundings }: DescriptorOptions) {
    this.rows = tapped.rows;
    this.columns = tapped.columns;
    this.patches = this.rows * this.columns;
    this.bins = surroundings ? withSurroundings : alone;
    const own = patchFeatures(tapped, block, facet);
    this.features = { own, mean: surroundings ? this.meansAround(own) : null };
    const every = Int32Array.from({ length: this.patches }, (_, patch) => patch);
    // One after the other: a sum of seventeen would bind more buffers than WebGPU allows.
    this.squares = tf.tidy(() =>
      this.bins.map((bin) => this.squaresIn(bin, every)).reduce((a, b) => tf.add(a, b)),
    );
  }

  /**
   * One bin of some patches' descriptors.
   * @returns shape [count, C], the caller disposes
   */
  featuresAt(bin: Bin, patches: ArrayLike<number>): tf.Tensor2D {
    const features = this.features[bin.of];
    if (features === null) throw new Error('descriptors without surroundings have no such bin');
    // What lies outside of the photograph is taken for the nearest patch within.
    const clamp = (at: number, count: number): number => Math.min(count - 1, Math.max(0, at));
    const places = Int32Array.from(patches, (patch) => {
      const row = clamp(Math.floor(patch / this.columns) + bin.down, this.rows);
      return row * this.columns + clamp((patch % this.columns) + bin.right, this.columns);
    });
    return tf.tidy(() => tf.gather(features, tf.tensor1d(places, 'int32')));
  }

  /** @returns the descriptors' lengths squared, shape [count, 1], the caller disposes */
  squaresAt(patches: ArrayLike<number>): tf.Tensor2D {
    return tf.tidy(() =>
      tf.expandDims<tf.Tensor2D>(tf.gather(this.squares, tf.tensor1d(Int32Array.from(patches), 'int32')), 1),
    );
  }

  dispose(): void {
    tf.dispose(Object.values(this.features).filter((features) => features !== null));
    this.squares.dispose();
  }

  /** @returns shape [count] */
  private squaresIn(bin: Bin, patches: ArrayLike<number>): tf.Tensor1D {
    return tf.tidy(() => tf.sum<tf.Tensor1D>(tf.square(this.featuresAt(bin, patches)), 1));
  }

  /** At the edges the mean is of the patches that there are. @returns shape [n, C] */
  private meansAround(own: tf.Tensor2D): tf.Tensor2D {
    return tf.tidy(() => {
      const grid = tf.reshape<tf.Rank.R3>(own, [this.rows, this.columns, -1]);
      return tf.reshape<tf.Rank.R2>(tf.avgPool(grid, 3, 1, 'same'), [this.patches, -1]);
    });
  }
}

/** @param squares shape [count, 1] @returns features divided by the root of them */
export const dividedByLength = (features: tf.Tensor2D, squares: tf.Tensor2D): tf.Tensor2D =>
  tf.tidy(() => tf.div(features, tf.maximum(tf.sqrt(squares), leastLength)));
