/**
 * Finds by timing how many threads should share the work of our wasm kernels. A browser may report more cores than there
 * are (WebKit reports four on a machine with two), and in some browsers waking a thread takes longer than the work that
 * it would do.
 */
import * as tf from '@tensorflow/tfjs-core';
import { attentionKernel } from '../kernels/attention.ts';
import { layerNormKernel } from '../kernels/layer-norm.ts';
import { linearKernel } from '../kernels/linear.ts';
import { findSimdRunner } from './simd-runner.ts';

/** A block of ViT-S at 224 px, the smallest of the published networks. */
const tokens = 197;
const channels = 384;
const numHeads = 6;
const hiddenDim = 4 * channels;

/** The fastest of this many runs counts, so that a short load from another program does not change the result. */
const runs = 3;
/**
 * If a run takes more than this many times the fastest so far, no further run follows, because the page is starting at
 * the same time.
 */
const hopeless = 1.5;
/**
 * More threads are used only if they take less than this share of the time, so that chance does not decide; fewer threads
 * leave more of the machine to other programs.
 */
const clearly = 0.9;

/** Runs the operations of a block in their order; the result is not used. */
function runBlock(x: tf.Tensor2D, weights: Readonly<Record<'up' | 'down', tf.Tensor2D>>): void {
  const { up, down } = weights;
  const gain = tf.ones([channels]);
  const bias = tf.zeros([channels]);
  const linear = (input: tf.Tensor, weight: tf.Tensor2D, columns: number): tf.Tensor =>
    linearKernel.run({ x: input, weight }, { rows: tokens, firstColumn: 0, columns, activation: 'none' });
  const normed = layerNormKernel.run({ x, gain, bias }, { eps: 1e-6 });
  const qkv = linear(normed, up, 3 * channels);
  const attended = linear(attentionKernel.run({ qkv }, { numHeads }), up, channels);
  linear(
    linear(layerNormKernel.run({ x: attended, gain, bias }, { eps: 1e-6 }), up, hiddenDim),
    down,
    channels,
  );
}

/** @returns ms of the fastest of a few runs; of only one run if it is much slower than `leastMs` */
export function timeRuns(run: () => void, leastMs: number): number {
  let fastest = Infinity;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    run();
    fastest = Math.min(fastest, performance.now() - start);
    if (fastest > hopeless * leastMs) break;
  }
  return fastest;
}

/** @returns ms of a block with the current number of threads, see `timeRuns` */
function timeBlock(leastMs: number): number {
  return tf.tidy(() => {
    const x = tf.fill<tf.Rank.R2>([tokens, channels], 0.5);
    const weights = {
      up: tf.fill<tf.Rank.R2>([channels, hiddenDim], 0.01),
      down: tf.fill<tf.Rank.R2>([hiddenDim, channels], 0.01),
    };
    return timeRuns(() => tf.tidy(() => runBlock(x, weights)), leastMs);
  });
}

/**
 * @param times counts of threads and their ms, most threads first
 * @returns the smallest count that is as fast as any other
 */
export function fewestGood(times: readonly (readonly [threads: number, ms: number])[]): number {
  const fastest = Math.min(...times.map(([, ms]) => ms));
  return times.findLast(([, ms]) => clearly * ms <= fastest)?.[0] ?? 1;
}

/**
 * @param msOfOne of one thread @param leastMs of any number of threads so far
 * @returns whether so many threads may be as fast: n threads are at most n times as fast as one
 */
export const mayBeGood = (threads: number, msOfOne: number, leastMs: number): boolean =>
  (clearly * msOfOne) / threads <= leastMs;

/**
 * Times all threads, one, and half of them where these may be as good, on the current back end, and puts the choice into effect.
 * Runs the block nine times at most.
 * @returns the choice; null if there is none (another back end, or one thread)
 */
export async function timeThreads(): Promise<number | null> {
  const runner = findSimdRunner(tf.backend());
  if (runner === null || runner.threads === 1) return null;
  const all = runner.threads;
  const msOfAll = timeBlock(Infinity);
  const msOfOne = runner.alone(() => timeBlock(msOfAll));
  const leastMs = Math.min(msOfAll, msOfOne);
  const times: [number, number][] = [[all, msOfAll]];
  const half = Math.ceil(all / 2);
  if (half > 1 && half < all && mayBeGood(half, msOfOne, leastMs)) {
    await runner.setThreads(half);
    if (runner.threads === half) times.push([half, timeBlock(leastMs)]);
  }
  times.push([1, msOfOne]);
  await runner.setThreads(fewestGood(times));
  return runner.threads;
}
