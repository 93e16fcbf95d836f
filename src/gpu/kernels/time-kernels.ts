/**
 * Times the variants of our WebGPU kernels on a model's own shapes, since which of them is fastest is known of no adapter before: registers
 * alone on one, tiles in shared memory or subgroups on another; weights of half the size cost time here and save it there. Takes about
 * a second, once for an adapter and model. A variant that the driver refuses or that computes something else is passed over.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../../core/architecture.ts';
import { nullIfRefused } from '../error-scope.ts';
import type { OpenBackend } from '../open-backend.ts';
import { attentionKernel } from './attention.ts';
import type { WeightStorage } from './half-weights.ts';
import { variantName, type LinearVariant } from './linear-code.ts';
import { forgetTuning, shapeName, tuningFrom, type Timed, type TimedLayer } from './timed-choice.ts';
import { setTuning, tuningOf, type Tuning } from './tuning.ts';
import { differs, linearTrial, someValues, withAttention, withLinear, type Trial } from './variant-trials.ts';
import {
  attentionVariantsFor,
  fewTokens,
  hasVariants,
  linearShapes,
  linearVariants,
  linearVariantsHere,
  manyTokens,
} from './variants.ts';

/** From this time on for `fewTokens`, an adapter is slow. */
const slowMs = 8;
/** Once so much time is gone, what has not been timed stays as it is. */
const budgetMs = 1000;

/** @returns ms of the fastest of a few runs, null where the device refuses the code */
async function time(backend: OpenBackend, run: () => tf.Tensor): Promise<number | null> {
  const once = async (): Promise<number> => {
    const start = performance.now();
    const result = run();
    await backend.finish();
    result.dispose();
    return performance.now() - start;
  };
  if ((await nullIfRefused(once)) === null) return null; // and the compilation is over
  const two = Math.min(await once(), await once());
  return two > slowMs ? two : Math.min(two, await once(), await once());
}

/** What a run took with a variant. */
interface Time<V> {
  readonly variant: V;
  readonly ms: number;
}

/** @returns variants that the device takes and what they took, fastest first, as far as there was time */
async function timeVariants<V>(
  backend: OpenBackend,
  trial: Trial,
  variants: readonly V[],
  tuningFor: (variant: V) => Tuning,
  deadline: number,
): Promise<Time<V>[]> {
  // Now the inputs are on the device: a refused variant takes along what was to be copied in the same breath.
  trial.expected().dispose();
  await backend.finish();
  const times: Time<V>[] = [];
  for (const variant of variants) {
    if (performance.now() > deadline) break;
    setTuning(tf.backend(), tuningFor(variant));
    const ms = await time(backend, trial.run);
    if (ms !== null) times.push({ variant, ms });
  }
  return times.sort((a, b) => a.ms - b.ms);
}

/** What is there already stays unless something else is clearly faster, and not luckier. */
const clearly = 0.9;

/** @returns the fastest that computes what it should; null where there is none */
async function fastest<V>(
  times: readonly Time<V>[],
  trial: Trial,
  usual: V,
  tuningFor: (variant: V) => Tuning,
): Promise<Time<V> | null> {
  const handicap = ({ variant, ms }: Time<V>): number => (variant === usual ? clearly * ms : ms);
  for (const each of [...times].sort((a, b) => handicap(a) - handicap(b))) {
    setTuning(tf.backend(), tuningFor(each.variant));
    if (!(await differs(trial))) return each;
  }
  return null;
}

/** @returns how many tokens to time with: a slow adapter would take minutes for as many as a fast one needs */
async function timingTokens(backend: OpenBackend, embedDim: number): Promise<number> {
  const trial = linearTrial(fewTokens, embedDim, embedDim, 'float32');
  const ms = await time(backend, trial.run);
  trial.dispose();
  return ms !== null && ms < slowMs ? manyTokens : fewTokens;
}

/** The linear layers of a block, one after the other: what was fastest for one is asked first for the next. */
async function timeLinear(
  backend: OpenBackend,
  { architecture, tokens, deadline }: TimingTask,
): Promise<Record<string, TimedLayer>> {
  const usual = linearVariants[0] as LinearVariant;
  const order = { float32: linearVariantsHere(), float16: linearVariantsHere() };
  const timed: Record<string, TimedLayer> = {};
  for (const [depth, columns] of linearShapes(architecture)) {
    const best = async (storage: WeightStorage): Promise<Time<LinearVariant> | null> => {
      const trial = linearTrial(tokens, depth, columns, storage);
      const times = await timeVariants(backend, trial, order[storage], withLinear, deadline);
      const found = times.map(({ variant }) => variant);
      order[storage] = [...found, ...order[storage].filter((variant) => !found.includes(variant))];
      const chosen = await fastest(times, trial, usual, withLinear);
      trial.dispose();
      return chosen;
    };
    const float32 = await best('float32');
    if (float32 === null) continue;
    const float16 = await best('float16');
    // Half the memory is worth a little time.
    const isWorthIt = float16 !== null && clearly * float16.ms <= float32.ms;
    timed[shapeName(depth, columns)] = {
      float32: variantName(float32.variant),
      float16: isWorthIt ? variantName(float16.variant) : null,
    };
  }
  return timed;
}

interface TimingTask {
  readonly architecture: VitArchitecture;
  readonly tokens: number;
  /** By performance.now(): what has not been timed then stays as it is. */
  readonly deadline: number;
}

async function timeAttention(
  backend: OpenBackend,
  { architecture: { embedDim, numHeads }, tokens, deadline }: TimingTask,
): Promise<Timed['attentionQueries']> {
  const qkv = tf.tensor2d(someValues(tokens * 3 * embedDim), [tokens, 3 * embedDim]);
  const run = (): tf.Tensor => attentionKernel.run({ qkv }, { numHeads });
  forgetTuning();
  const expected = run();
  const trial = { run, expected: () => tf.clone(expected) };
  const variants = attentionVariantsFor(embedDim / numHeads / 4);
  const times = await timeVariants(backend, trial, variants, withAttention, deadline);
  const chosen = await fastest(times, trial, variants[0] ?? 1, withAttention);
  tf.dispose([qkv, expected]);
  return chosen?.variant ?? null;
}

/**
 * Times on the current back end, which must be WebGPU, and leaves the choice in force.
 * @param milliseconds after which what is left stays as it is
 * @returns the choice; null where there are no kernels to choose from
 */
export async function timeKernels(
  backend: OpenBackend,
  architecture: VitArchitecture,
  milliseconds = budgetMs,
): Promise<Timed | null> {
  if (!hasVariants(architecture)) return null;
  const before = tuningOf(tf.backend());
  forgetTuning();
  try {
    const tokens = await timingTokens(backend, architecture.embedDim);
    const start = performance.now();
    const task = { architecture, tokens, deadline: start + milliseconds };
    // First, since it has few variants and gains most, and never all the time: there is one shape of it and four of the others.
    const attentionQueries = await timeAttention(backend, { ...task, deadline: start + milliseconds / 3 });
    const timed = { linear: await timeLinear(backend, task), attentionQueries };
    setTuning(tf.backend(), tuningFrom(timed, before));
    return timed;
  } catch (error) {
    setTuning(tf.backend(), before);
    throw error;
  }
}
