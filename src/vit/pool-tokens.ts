/** One vector for a whole photograph: CLS, or what its patches have in common. */
import * as tf from '@tensorflow/tfjs-core';
import { specialTokenCount } from '../core/architecture.ts';
import { FailureError } from '../core/failure.ts';
import { pooledParts, type PooledFeatures } from '../core/recognition.ts';
import { checkFeatures } from './check-features.ts';
import { readValues } from './read-values.ts';
import type { Tapped } from './tapped.ts';
import type { Tap } from './taps.ts';

/** In GeM smaller values count as this, as in the official script. */
const leastValue = 1e-6;

/** What a pass must tap of a block, from 0. */
export const pooledTap = (block: number): Tap => ({ of: 'tokens', block, facet: 'out' });

/**
 * GeM with the exponent 4: a mean for which large values count more. A fourth power may be too large or too small for float32,
 * so each channel is divided by its largest value first.
 * @param patches shape [n, C] @returns shape [1, C]
 */
function generalisedMean(patches: tf.Tensor2D): tf.Tensor2D {
  const values = tf.maximum(patches, leastValue);
  const largest = tf.max(values, 0, true);
  const fourth = tf.mean(tf.square(tf.square(tf.div(values, largest))), 0, true);
  return tf.mul(tf.sqrt(tf.sqrt(fourth)), largest);
}

/** @param block from 0 @returns CLS, mean and GeM, shape [3, C] */
function poolBlock(tapped: Tapped, block: number): tf.Tensor2D {
  const { parameters, layers } = tapped;
  const { architecture, norm } = parameters;
  return tf.tidy(() => {
    const tokens = tapped.facet(block, 'out');
    // The last block's output has been through the final norm.
    const isNormed = block === architecture.depth - 1;
    const normed = isNormed ? tokens : layers.layerNorm(tokens, norm, architecture.layerNormEps);
    const patches = tf.slice2d(normed, [specialTokenCount(architecture), 0], [-1, -1]);
    const cls = tf.slice2d(normed, [0, 0], [1, -1]);
    return tf.concat2d([cls, tf.mean(patches, 0, true), generalisedMean(patches)], 0);
  });
}

/** @throws FailureError where all are 0, as after a fault that nobody told of */
function checkNotEmpty(values: Float32Array): void {
  if (values.every((value) => value === 0))
    throw new FailureError({ code: 'wrong-result', problem: 'all features are 0' });
}

/**
 * Features of blocks' outputs, each after the network's final norm, as the official `get_intermediate_layers` gives them; all in one read back.
 * @param tapped has `pooledTap` of these blocks; borrowed
 * @param blocks from 0
 * @throws FailureError on a fault of the device, or where a value is not finite
 */
export async function poolTokens(
  tapped: Tapped,
  blocks: readonly number[],
): Promise<{ readonly features: readonly PooledFeatures[]; readonly readAt: number }> {
  const channels = tapped.parameters.architecture.embedDim;
  const all = tf.tidy(() =>
    tf.concat2d(
      blocks.map((block) => poolBlock(tapped, block)),
      0,
    ),
  );
  const { values, readAt } = await readValues(all, tapped.faults);
  checkFeatures(values);
  checkNotEmpty(values);
  const part = (at: number): Float32Array<ArrayBuffer> => values.slice(at * channels, (at + 1) * channels);
  const features = blocks.map((_, at) => ({
    cls: part(at * pooledParts),
    mean: part(at * pooledParts + 1),
    gem: part(at * pooledParts + 2),
  }));
  return { features, readAt };
}
