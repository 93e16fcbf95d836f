/**
 * Times the variants of our WebGPU kernels on a model's own shapes, since which of them is fastest is known of no adapter
 * before: registers alone on one, tiles in shared memory or subgroups on another; weights of half the size cost time here and save it there. Takes about a second, once for an adapter and model. A
 * variant that the driver refuses or that computes something else is passed over.
 */
import * as tf from '@tensorflow/tfjs-core';
import { mlpHiddenDim, type VitArchitecture } from '../../core/architecture.ts';
import { unlessRefused } from '../error-scope.ts';
import type { OpenBackend } from '../open-backend.ts';
import { attentionKernel } from './attention.ts';
import { fusedKernelsSupport, hasFusedKernels } from './fused-kernels.ts';
import { halfWeight, type WeightStorage } from './half-weights.ts';
import { variantName, type LinearVariant } from './linear-code.ts';
import { linearKernel } from './linear.ts';
import { setTuning, tuningOf, untuned, type Tuning } from './tuning.ts';

/** Names of the fastest variants for a linear layer of one shape, by how its weight lies. */
export interface TimedLayer {
  readonly float32: string;
  /** Null where a weight of half the size is not worth its time. */
  readonly float16: string | null;
}

/** What is remembered of an adapter and model. */
export interface Timed {
  /** `depth → columns` of a linear layer → its variants */
  readonly linear: Readonly<Record<string, TimedLayer>>;
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
  { kind: 'subgroup', rows: 4, vectors: 1 },
  { kind: 'subgroup', rows: 8, vectors: 1 },
  { kind: 'subgroup', rows: 8, vectors: 2 },
];
export const runsOn = (device: GPUDevice, { kind }: LinearVariant): boolean =>
  kind !== 'subgroup' || device.features.has('subgroups');
const storages: readonly WeightStorage[] = ['float32', 'float16'];
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
const tokenCounts = [fewTokens, manyTokens];
/** From this time on for `fewTokens`, an adapter is slow. */
const slowMs = 8;
/** Once so much time is gone, what has not been timed stays as it is. */
const budgetMs = 1000;
/** Of the largest value; another order of summation moves sums by about 1e-6. */
const tolerance = 1e-4;

const variantNamed = (name: string | null): LinearVariant | undefined =>
  linearVariants.find((each) => variantName(each) === name);

/** @param others shapes of models that were in use before */
function tuningFrom({ linear, attentionQueries }: Timed, others: Tuning): Tuning {
  const layerOf = (depth: number, columns: number): TimedLayer | undefined =>
    linear[shapeName(depth, columns)];
  return {
    // Few rows (CLS's query) are another shape, of no weight.
    linear: (rows, depth, columns, storage) =>
      rows < 64
        ? null
        : (variantNamed(layerOf(depth, columns)?.[storage] ?? null) ??
          others.linear(rows, depth, columns, storage)),
    storage: (depth, columns) => {
      const layer = layerOf(depth, columns);
      if (layer === undefined) return others.storage(depth, columns);
      return layer.float16 === null ? 'float32' : 'float16';
    },
    attentionQueries,
  };
}

const forgetTuning = (): void => setTuning(tf.backend(), untuned);

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

const linearVariantsHere = (): readonly LinearVariant[] =>
  linearVariants.filter((variant) => runsOn(currentDevice(), variant));

const currentDevice = (): GPUDevice => (tf.backend() as unknown as { readonly device: GPUDevice }).device;

/** @returns ms of the fastest of a few runs, null where the device refuses the code */
async function time(backend: OpenBackend, run: () => tf.Tensor): Promise<number | null> {
  const once = async (): Promise<number> => {
    const start = performance.now();
    const result = run();
    await backend.finish();
    result.dispose();
    return performance.now() - start;
  };
  if ((await unlessRefused(once)) === null) return null; // and the compilation is over
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

/** The same in every run, between −0.5 and 0.5, float16s all; faster than tfjs's normally distributed numbers. */
const someValues = (length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 21) / 2 ** 11 - 0.5);

/** Where nothing is computed. */
const zeros = (length: number): Float32Array => new Float32Array(length);

function linearTrial(
  tokens: number,
  depth: number,
  columns: number,
  storage: WeightStorage,
  valuesOf = someValues,
): Trial & { dispose(): void } {
  const x = tf.tensor2d(valuesOf(tokens * depth), [tokens, depth]);
  const values = valuesOf(depth * columns);
  const full = tf.tensor2d(values, [depth, columns]);
  const weight = storage === 'float16' ? (halfWeight(values, [depth, columns]) ?? full) : full;
  const whole = { rows: tokens, firstColumn: 0, columns, activation: 'none' } as const;
  return {
    run: () => linearKernel.run({ x, weight }, whole),
    expected: () => tf.matMul(x, full),
    dispose: () => tf.dispose([x, full, weight]),
  };
}

type Shape = readonly [depth: number, columns: number];

/** Of a block's linear layers; the last one's output is as wide as its input. */
function linearShapes(architecture: VitArchitecture): readonly [Shape, Shape, Shape, Shape] {
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

/** @returns a function that puts into force what is in force now */
export function rememberTuning(): () => void {
  const backend = tf.backend();
  const tuning = tuningOf(backend);
  return () => setTuning(backend, tuning);
}

/** Whether there is anything to choose for a model on the current back end. */
export const hasVariants = (architecture: VitArchitecture): boolean =>
  hasFusedKernels() && fusedKernelsSupport(architecture, manyTokens);

/** Other variants may be known to another version of the page, and another version of the browser may have other features. */
function isChoiceOfHere({ linear }: Timed): boolean {
  const isHere = (name: string | null): boolean => {
    const variant = variantNamed(name);
    return name === null || (variant !== undefined && runsOn(currentDevice(), variant));
  };
  return Object.values(linear).every(({ float32, float16 }) => isHere(float32) && isHere(float16));
}

/** What is chosen for a model's layers beside what runs where nothing is: the self-check has seen the latter. */
function trialsOf(architecture: VitArchitecture): (Trial & { dispose(): void })[] {
  const { embedDim, numHeads } = architecture;
  const usually = (run: () => tf.Tensor) => (): tf.Tensor => {
    const putBack = rememberTuning();
    forgetTuning();
    try {
      return run();
    } finally {
      putBack();
    }
  };
  const layers = linearShapes(architecture).flatMap(([depth, columns]) =>
    storages
      .filter(
        (storage) => storage === 'float32' || storage === tuningOf(tf.backend()).storage(depth, columns),
      )
      .map((storage) => {
        const trial = linearTrial(fewTokens, depth, columns, storage);
        return { ...trial, expected: usually(trial.run) };
      }),
  );
  const qkv = tf.tensor2d(someValues(fewTokens * 3 * embedDim), [fewTokens, 3 * embedDim]);
  const attend = (): tf.Tensor => attentionKernel.run({ qkv }, { numHeads });
  return [...layers, { run: attend, expected: usually(attend), dispose: () => tf.dispose(qkv) }];
}

/** Puts a choice into force. */
export const applyTimed = (timed: Timed): void =>
  setTuning(tf.backend(), tuningFrom(timed, tuningOf(tf.backend())));

/**
 * Whether a remembered choice is one for this device, and each of its variants computes what it should: a driver or browser may be
 * another than when it was made. What is in force is afterwards as it was.
 */
export async function stillHolds(timed: Timed, architecture: VitArchitecture): Promise<boolean> {
  if (!isChoiceOfHere(timed)) return false;
  const putBack = rememberTuning();
  applyTimed(timed);
  const trials = trialsOf(architecture);
  try {
    for (const trial of trials) if ((await unlessRefused(() => differs(trial))) !== false) return false;
    return true;
  } finally {
    putBack();
    for (const trial of trials) trial.dispose();
  }
}

/**
 * What `timeKernels` runs of a model's variants, one by one in its order, for whoever has them compiled before; without those that
 * spill, which take seconds to compile where timing is over before their turn. Which variants are in force is afterwards as it was.
 * @returns synchronous functions, to be run in a tidy; none where there are no kernels to choose from
 */
export function variantRuns(architecture: VitArchitecture): (() => void)[] {
  if (!hasVariants(architecture)) return [];
  const { embedDim, numHeads } = architecture;
  const vectors = embedDim / numHeads / 4;
  const runWith = (tuning: Tuning, trial: () => Trial) => (): void => {
    const putBack = rememberTuning();
    setTuning(tf.backend(), tuning);
    try {
      difference(trial());
    } finally {
      putBack();
    }
  };
  const attentionTrial = (): Trial => {
    const qkv = tf.zeros<tf.Rank.R2>([fewTokens, 3 * embedDim]);
    const run = (): tf.Tensor => attentionKernel.run({ qkv }, { numHeads });
    return { run, expected: run };
  };
  const shapes = linearShapes(architecture);
  return [
    ...attentionVariantsFor(vectors)
      .filter((queries) => !spills(queries, vectors))
      .map((queries) => runWith(withAttention(queries), attentionTrial)),
    // tfjs chooses its own product, which ours is compared with, by the number of tokens and the shape.
    ...shapes.flatMap(([depth, columns]) =>
      tokenCounts.map((tokens) =>
        runWith(untuned, () => linearTrial(tokens, depth, columns, 'float32', zeros)),
      ),
    ),
    // Ours are the same for all shapes, but that tfjs compiles anew where the input has the output's, and where one row of workgroups is
    // enough.
    ...[shapes[0], shapes[3]].flatMap(([depth, columns]) =>
      storages.flatMap((storage) =>
        linearVariantsHere().flatMap((variant) =>
          tokenCounts.map((tokens) =>
            runWith(withLinear(variant), () => linearTrial(tokens, depth, columns, storage, zeros)),
          ),
        ),
      ),
    ),
  ];
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
