/**
 * Times the variants of our WebGPU kernels on a model's own shapes, because the fastest variant of an adapter is not
 * known in advance. On one adapter it is registers only, on another tiles in shared memory or subgroups; weights of half
 * the size are slower on some adapters and faster on others. Takes about a second, once for each adapter and model. A
 * variant that the driver refuses, or whose result is wrong, is skipped.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../../core/architecture.ts';
import { nullIfRefused } from '../error-scope.ts';
import type { OpenBackend } from '../open-backend.ts';
import { attentionName, type AttentionVariant } from './attention-code.ts';
import { attentionKernel } from './attention.ts';
import type { WeightStorage } from './half-weights.ts';
import { variantName, type LinearVariant, type RegisterVariant } from './linear-code.ts';
import {
  forgetTuning,
  shapeName,
  tuningFrom,
  type Timed,
  type TimedLayer,
  type TimedNorm,
} from './timed-choice.ts';
import { setTuning, tuningOf, type Tuning } from './tuning.ts';
import {
  differs,
  linearNormTrial,
  linearTrial,
  someValues,
  withAttention,
  withLinear,
  withLinearNorm,
  type Trial,
} from './variant-trials.ts';
import {
  attentionVariantsFor,
  fewTokens,
  hasVariants,
  linearShapes,
  linearVariants,
  linearVariantsHere,
  manyTokens,
  normShapes,
  normVariantsHere,
  storages,
  variantNamed,
} from './variants.ts';

/** An adapter is slow if `fewTokens` take at least this time. */
const slowMs = 8;
/** After this time, shapes that are not yet timed keep their variants. */
const budgetMs = 1000;

/** @returns ms of the fastest of a few runs; null if the device refuses the code */
async function time(backend: OpenBackend, run: () => tf.Tensor): Promise<number | null> {
  const once = async (): Promise<number> => {
    const start = performance.now();
    const result = run();
    await backend.finish();
    result.dispose();
    return performance.now() - start;
  };
  if ((await nullIfRefused(once)) === null) return null; // this run also completes the compilation
  const two = Math.min(await once(), await once());
  return two > slowMs ? two : Math.min(two, await once(), await once());
}

/** The time of a run with a variant. */
interface Time<V> {
  readonly variant: V;
  readonly ms: number;
}

/**
 * @returns the variants that the device accepts and their times, fastest first; only those that were timed before the
 * deadline
 */
async function timeVariants<V>(
  backend: OpenBackend,
  trial: Trial,
  variants: readonly V[],
  tuningFor: (variant: V) => Tuning,
  deadline: number,
): Promise<Time<V>[]> {
  // Now the inputs are on the device. Otherwise a refused variant would also prevent uploads that are submitted together
  // with it.
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

/**
 * A variant replaces the current one only if it takes less than this share of the current one's time, so that chance does
 * not decide.
 */
const clearly = 0.9;

/** @returns the fastest variant with the right result; null if there is none */
async function fastest<V>(
  times: readonly Time<V>[],
  trial: Trial,
  usual: V | undefined,
  tuningFor: (variant: V) => Tuning,
): Promise<Time<V> | null> {
  const handicap = ({ variant, ms }: Time<V>): number => (variant === usual ? clearly * ms : ms);
  for (const each of [...times].sort((a, b) => handicap(a) - handicap(b))) {
    setTuning(tf.backend(), tuningFor(each.variant));
    if (!(await differs(trial))) return each;
  }
  return null;
}

/** @returns the number of tokens to time with: as many as a fast adapter needs would take minutes on a slow one */
async function timingTokens(backend: OpenBackend, embedDim: number): Promise<number> {
  const trial = linearTrial(fewTokens, embedDim, embedDim, 'float32');
  const ms = await time(backend, trial.run);
  trial.dispose();
  return ms !== null && ms < slowMs ? manyTokens : fewTokens;
}

/**
 * Times the linear layers of a block in turn. The variants that were fastest for one layer are tried first for the next.
 */
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
    // A slightly longer time is accepted for half the memory.
    const isWorthIt = float16 !== null && clearly * float16.ms <= float32.ms;
    timed[shapeName(depth, columns)] = {
      float32: variantName(float32.variant),
      float16: isWorthIt ? variantName(float16.variant) : null,
    };
  }
  return timed;
}

const passesValues = (linear: Readonly<Record<string, TimedLayer>>): boolean =>
  Object.values(linear).some(({ float32 }) => variantNamed(float32)?.kind === 'subgroup');

/** What a name of a variant or 'apart' is stored as. */
const normName = (variant: RegisterVariant | 'apart'): string =>
  variant === 'apart' ? variant : variantName(variant);

/**
 * Times the layers that end half a block, in one dispatch and in two.
 * @param linear what was chosen for the linear layers alone; a shape that has no choice is left out
 */
async function timeLinearNorm(
  backend: OpenBackend,
  { architecture, tokens, deadline }: TimingTask,
  linear: Readonly<Record<string, TimedLayer>>,
): Promise<Record<string, TimedNorm>> {
  const timed: Record<string, TimedNorm> = {};
  for (const [depth, columns] of normShapes(architecture)) {
    const alone = linear[shapeName(depth, columns)];
    if (alone === undefined) continue;
    const best = async (storage: WeightStorage): Promise<string | null> => {
      const apart = variantNamed(alone[storage]);
      if (apart === undefined) return null;
      const trial = linearNormTrial(tokens, depth, columns, storage);
      const tuning = withLinearNorm(apart);
      // First the one with the same tile, which is likely to be as good here, and what it must not be slower than.
      const likely = (variant: RegisterVariant | 'apart'): boolean =>
        variant === 'apart' || variant === apart;
      const all = normVariantsHere(columns);
      const order = [...all.filter(likely), ...all.filter((variant) => !likely(variant))];
      const times = await timeVariants(backend, trial, order, tuning, deadline);
      // One dispatch is what to keep where the times are alike, since the trial is short and a pass has many of them.
      const usual = times.find(({ variant }) => variant !== 'apart')?.variant ?? 'apart';
      const chosen = await fastest(times, trial, usual, tuning);
      trial.dispose();
      return chosen === null ? null : normName(chosen.variant);
    };
    const found = { float32: await best('float32'), float16: await best('float16') };
    if (storages.some((storage) => found[storage] !== null)) timed[shapeName(depth, columns)] = found;
  }
  return timed;
}

interface TimingTask {
  readonly architecture: VitArchitecture;
  readonly tokens: number;
  /** In terms of performance.now(); shapes not timed by then keep their variants. */
  readonly deadline: number;
}

/** @param variants the first is kept where another is not clearly faster */
async function timeAttention(
  backend: OpenBackend,
  { architecture: { embedDim, numHeads }, tokens, deadline }: TimingTask,
  variants: readonly AttentionVariant[],
): Promise<AttentionVariant | null> {
  const qkv = tf.tensor2d(someValues(tokens * 3 * embedDim), [tokens, 3 * embedDim]);
  const run = (): tf.Tensor => attentionKernel.run({ qkv }, { numHeads });
  forgetTuning();
  const expected = run();
  const trial = { run, expected: () => tf.clone(expected) };
  const times = await timeVariants(backend, trial, variants, withAttention, deadline);
  const chosen = await fastest(times, trial, variants[0], withAttention);
  tf.dispose([qkv, expected]);
  return chosen?.variant ?? null;
}

/**
 * Times on the current back end, which must be WebGPU, and puts the choice into effect.
 * @param milliseconds time limit; shapes not timed by then keep their variants
 * @returns the choice; null if there are no kernels to choose from
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
    // Attention is first, because it has few variants and gains most. It gets only a part of the time, because it has one
    // shape and the linear layers have four.
    const vectors = architecture.embedDim / architecture.numHeads / 4;
    const read = attentionVariantsFor(vectors, 'read');
    let attention = await timeAttention(backend, { ...task, deadline: start + milliseconds / 3 }, read);
    const linear = await timeLinear(backend, { ...task, deadline: start + 0.7 * milliseconds });
    const linearNorm = await timeLinearNorm(
      backend,
      { ...task, deadline: start + 0.9 * milliseconds },
      linear,
    );
    // Compiling these takes seconds on some adapters. On those that were measured, linear layers tell whether it is worth it.
    if (attention !== null && passesValues(linear)) {
      const passed = [attention, ...attentionVariantsFor(vectors, 'passed')];
      attention = (await timeAttention(backend, task, passed)) ?? attention;
    }
    const timed = { linear, linearNorm, attention: attention && attentionName(attention) };
    setTuning(tf.backend(), tuningFrom(timed, before));
    return timed;
  } catch (error) {
    setTuning(tf.backend(), before);
    throw error;
  }
}
