/**
 * Times the variants of our WebGPU kernels on a model's own shapes, since which of them is fastest is known of no adapter
 * before: registers alone on one, tiles in shared memory on another. Takes about a second, once for an adapter and model. A
 * variant that the driver refuses or that computes something else is passed over.
 */
import * as tf from '@tensorflow/tfjs-core';
import { mlpHiddenDim, type VitArchitecture } from '../../core/architecture.ts';
import type { OpenBackend } from '../open-backend.ts';
import { attentionKernel } from './attention.ts';
import { fusedKernelsSupport, hasFusedKernels } from './fused-kernels.ts';
import { variantName, type LinearVariant } from './linear-code.ts';
import { linearKernel } from './linear.ts';
import { setTuning, tuningOf, untuned, type Tuning } from './tuning.ts';

/** What is remembered of an adapter and model: names of variants, by shape. */
export interface Timed {
  /** `depth → columns` of a linear layer → a variant's name */
  readonly linear: Readonly<Record<string, string>>;
  readonly attentionQueries: 1 | 2 | 4 | 8 | null;
}

export const linearVariants: readonly LinearVariant[] = [
  { kind: 'registers', rows: 4, vectors: 1 },
  { kind: 'registers', rows: 8, vectors: 1 },
  { kind: 'registers', rows: 4, vectors: 2 },
  { kind: 'registers', rows: 8, vectors: 2 },
  { kind: 'shared', rows: 4, side: 8 },
  { kind: 'shared', rows: 4, side: 16 },
  { kind: 'shared', rows: 8, side: 16 },
];
export const attentionVariants = [4, 8, 2, 1] as const;
/** Two of them in registers are 64 vectors; more spill on a GPU, so they are timed last. On software they may still win. */
const registerVectors = 32;
/** Beyond that the code alone takes a driver long. */
const mostAttentionVectors = 128;

/** @param vectors of four in a head */
const spills = (queries: number, vectors: number): boolean => queries * vectors > registerVectors;

/** Those that a head of so many vectors of four allows, the usual one first. */
const attentionVariantsFor = (vectors: number): (typeof attentionVariants)[number][] =>
  attentionVariants
    .filter((queries) => queries * vectors <= mostAttentionVectors)
    .sort((a, b) => Number(spills(a, vectors)) - Number(spills(b, vectors)));

const shapeName = (depth: number, columns: number): string => `${depth} → ${columns}`;

/** Enough rows that a GPU's launch does not hide the work; on a slow adapter few are enough, and many take long. */
const manyTokens = 577;
const fewTokens = 96;
/** From this time on for `fewTokens`, an adapter is slow. */
const slowMs = 8;
/** Once so much time is gone, what has not been timed stays as it is. */
const budgetMs = 1000;
/** Of the largest value; another order of summation moves sums by about 1e-6. */
const tolerance = 1e-4;

/** @param others shapes of models that were in use before */
function tuningFrom({ linear, attentionQueries }: Timed, others: Tuning): Tuning {
  const byShape = new Map<string, LinearVariant>();
  for (const [shape, name] of Object.entries(linear)) {
    const variant = linearVariants.find((each) => variantName(each) === name);
    if (variant !== undefined) byShape.set(shape, variant);
  }
  return {
    // Few rows (CLS's query) are another shape, of no weight.
    linear: (rows, depth, columns) =>
      rows < 64 ? null : (byShape.get(shapeName(depth, columns)) ?? others.linear(rows, depth, columns)),
    attentionQueries,
  };
}

/** Puts a remembered choice into force. @returns whether it could be: another version may have had other variants */
export function applyTimed(timed: Timed): boolean {
  const known = new Set(linearVariants.map(variantName));
  if (!Object.values(timed.linear).every((name) => known.has(name))) return false;
  setTuning(tf.backend(), tuningFrom(timed, tuningOf(tf.backend())));
  return true;
}

const forgetTuning = (): void => setTuning(tf.backend(), untuned);

/** The WGSL of a variant may be more than a driver takes; that is no fault of the device. @returns null then */
export async function withoutFault<T>(device: GPUDevice, work: () => Promise<T>): Promise<T | null> {
  device.pushErrorScope('validation');
  device.pushErrorScope('internal');
  const result = await work();
  const errors = [await device.popErrorScope(), await device.popErrorScope()];
  return errors.every((error) => error === null) ? result : null;
}

/** A kernel under test, and the same by ops that the self-check has seen. */
interface Trial {
  run(): tf.Tensor;
  expected(): tf.Tensor;
}

/** @returns the largest difference as a share of the largest value, a scalar */
const difference = ({ run, expected }: Trial): tf.Tensor =>
  tf.tidy(() => {
    const wanted = expected();
    return tf.div(tf.max(tf.abs(tf.sub(run(), wanted))), tf.max(tf.abs(wanted)));
  });

async function differs(trial: Trial): Promise<boolean> {
  const found = difference(trial);
  const [value = NaN] = await found.data();
  found.dispose();
  return !(value <= tolerance);
}

/** @returns ms of the fastest of a few runs, null where the device refuses the code */
async function time(backend: OpenBackend, run: () => tf.Tensor): Promise<number | null> {
  const { device } = tf.backend() as unknown as { readonly device: GPUDevice };
  const once = async (): Promise<number> => {
    const start = performance.now();
    const result = run();
    await backend.finish();
    result.dispose();
    return performance.now() - start;
  };
  if ((await withoutFault(device, once)) === null) return null; // and the compilation is over
  const two = Math.min(await once(), await once());
  return two > slowMs ? two : Math.min(two, await once(), await once());
}

/** @returns the fastest of those that were timed before the deadline and compute what they should; null where there is none */
async function fastest<V>(
  backend: OpenBackend,
  trial: Trial,
  variants: readonly V[],
  tuningFor: (variant: V) => Tuning,
  deadline: number,
): Promise<V | null> {
  // Now the inputs are on the device: a refused variant takes along what was to be copied in the same breath.
  trial.expected().dispose();
  await backend.finish();
  const times: { readonly variant: V; readonly ms: number }[] = [];
  for (const variant of variants) {
    if (performance.now() > deadline) break;
    setTuning(tf.backend(), tuningFor(variant));
    const ms = await time(backend, trial.run);
    if (ms !== null) times.push({ variant, ms });
  }
  // The first is the usual one: another has to be clearly faster, not luckier.
  const handicap = ({ variant, ms }: (typeof times)[number]): number =>
    variant === variants[0] ? 0.9 * ms : ms;
  for (const { variant } of times.sort((a, b) => handicap(a) - handicap(b))) {
    setTuning(tf.backend(), tuningFor(variant));
    if (!(await differs(trial))) return variant;
  }
  return null;
}

/** The same in every run, between −0.5 and 0.5; faster than tfjs's normally distributed numbers. */
function someValues(rows: number, columns: number): tf.Tensor2D {
  const values = Float32Array.from(
    { length: rows * columns },
    (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 0) / 2 ** 32 - 0.5,
  );
  return tf.tensor2d(values, [rows, columns]);
}

function linearTrial(tokens: number, depth: number, columns: number): Trial & { dispose(): void } {
  const x = someValues(tokens, depth);
  const weight = someValues(depth, columns);
  const whole = { rows: tokens, firstColumn: 0, columns, activation: 'none' } as const;
  return {
    run: () => linearKernel.run({ x, weight }, whole),
    expected: () => tf.matMul(x, weight),
    dispose: () => tf.dispose([x, weight]),
  };
}

/** Depth and columns of a block's linear layers. */
function linearShapes(architecture: VitArchitecture): readonly (readonly [depth: number, columns: number])[] {
  const { embedDim } = architecture;
  const hiddenDim = mlpHiddenDim(architecture);
  return [
    [embedDim, hiddenDim],
    [hiddenDim, embedDim],
    [embedDim, 3 * embedDim],
    [embedDim, embedDim],
  ];
}

const withLinear = (variant: LinearVariant): Tuning => ({ ...untuned, linear: () => variant });
const withAttention = (attentionQueries: Tuning['attentionQueries']): Tuning => ({
  ...untuned,
  attentionQueries,
});

/**
 * What `timeKernels` runs of a model's variants, one by one in its order, for whoever has them compiled before; without those that
 * spill, which take seconds to compile where timing is over before their turn. Which variants are in force is afterwards as it was.
 * @returns synchronous functions, to be run in a tidy; none where there are no kernels to choose from
 */
export function variantRuns(architecture: VitArchitecture): (() => void)[] {
  if (!hasFusedKernels() || !fusedKernelsSupport(architecture, manyTokens)) return [];
  const { embedDim, numHeads } = architecture;
  const vectors = embedDim / numHeads / 4;
  const runWith = (tuning: Tuning, trial: () => Trial) => (): void => {
    const before = tuningOf(tf.backend());
    setTuning(tf.backend(), tuning);
    try {
      difference(trial());
    } finally {
      setTuning(tf.backend(), before);
    }
  };
  const attentionTrial = (): Trial => {
    const qkv = someValues(fewTokens, 3 * embedDim);
    const run = (): tf.Tensor => attentionKernel.run({ qkv }, { numHeads });
    return { run, expected: run };
  };
  return [
    ...linearShapes(architecture).flatMap(([depth, columns]) =>
      // tfjs chooses its own product, which ours is compared with, by the number of tokens.
      [fewTokens, manyTokens].flatMap((tokens) =>
        linearVariants.map((variant) =>
          runWith(withLinear(variant), () => linearTrial(tokens, depth, columns)),
        ),
      ),
    ),
    ...attentionVariantsFor(vectors)
      .filter((queries) => !spills(queries, vectors))
      .map((queries) => runWith(withAttention(queries), attentionTrial)),
  ];
}

/** @returns how many tokens to time with: a slow adapter would take minutes for as many as a fast one needs */
async function timingTokens(backend: OpenBackend, embedDim: number): Promise<number> {
  const trial = linearTrial(fewTokens, embedDim, embedDim);
  const ms = await time(backend, trial.run);
  trial.dispose();
  return ms !== null && ms < slowMs ? manyTokens : fewTokens;
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
  if (!hasFusedKernels() || !fusedKernelsSupport(architecture, manyTokens)) return null;
  const { embedDim, numHeads } = architecture;
  const linear: Record<string, string> = {};
  const before = tuningOf(tf.backend());
  forgetTuning();
  try {
    const tokens = await timingTokens(backend, embedDim);
    const deadline = performance.now() + milliseconds;
    for (const [depth, columns] of linearShapes(architecture)) {
      const trial = linearTrial(tokens, depth, columns);
      const chosen = await fastest(backend, trial, linearVariants, withLinear, deadline);
      trial.dispose();
      if (chosen !== null) linear[shapeName(depth, columns)] = variantName(chosen);
    }
    const qkv = someValues(tokens, 3 * embedDim);
    const run = (): tf.Tensor => attentionKernel.run({ qkv }, { numHeads });
    forgetTuning();
    const usual = run();
    const attentionQueries = await fastest(
      backend,
      { run, expected: () => tf.clone(usual) },
      attentionVariantsFor(embedDim / numHeads / 4),
      withAttention,
      deadline,
    );
    tf.dispose([qkv, usual]);
    const timed = { linear, attentionQueries };
    setTuning(tf.backend(), tuningFrom(timed, before));
    return timed;
  } catch (error) {
    setTuning(tf.backend(), before);
    throw error;
  }
}
