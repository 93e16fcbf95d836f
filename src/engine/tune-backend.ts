/** The choice among our WebGPU kernels' variants, made once for an adapter and model and remembered where the platform can. */
import type { VitArchitecture } from '../core/architecture.ts';
import { compileOnly } from '../gpu/compile-only.ts';
import { timeKernels } from '../gpu/kernels/time-kernels.ts';
import { applyTimed, type Timed } from '../gpu/kernels/timed-choice.ts';
import { isStillValid } from '../gpu/kernels/trust-choice.ts';
import { variantRuns } from '../gpu/kernels/variant-runs.ts';
import { hasVariants } from '../gpu/kernels/variants.ts';
import type { OpenBackend } from '../gpu/open-backend.ts';
import { timeThreads } from '../gpu/simd/tune-threads.ts';

/**
 * A choice among kernels; or, while variants are tried that may take the device or the page with them, how often that was begun; or
 * how many threads wasm has, and until when that holds, in ms by `Date.now()` (always, where it is left out).
 */
export type Remembered =
  Timed | { readonly attempts: number } | { readonly threads: number; readonly untilMs?: number };

/** Where choices are kept. No function rejects: storage that fails is storage without the entry. */
export interface TimingStore {
  read(key: string): Promise<Remembered | null>;
  write(key: string, remembered: Remembered): Promise<void>;
  forget(key: string): Promise<void>;
}

/** To be raised when WebGPU kernels or their variants change. */
const version = 6;
/** To be raised when kernels on wasm change what threads are worth. */
const threadsVersion = 5;

/** A page is closed now and then while it starts. Twice on one adapter with one model, it was not the person who closed it. */
const mostAttempts = 2;

const keyOf = ({ device }: OpenBackend, { embedDim, numHeads, mlpRatio }: VitArchitecture): string =>
  `${version} ${device} ${embedDim} ${numHeads} ${mlpRatio}`;

const attemptsOf = (remembered: Remembered | null): number =>
  remembered !== null && 'attempts' in remembered ? remembered.attempts : 0;

/** Does `work` with a mark in the store that it was begun, which stays where nobody comes back from it. */
async function attempt<T>(store: TimingStore, key: string, work: () => Promise<T>): Promise<T> {
  const before = await store.read(key);
  await store.write(key, { attempts: attemptsOf(before) + 1 });
  const result = await work();
  // Not none: what else is tried in this start may have ended one before it.
  await (before === null ? store.forget(key) : store.write(key, before));
  return result;
}

/** Of each back end, the choices that have proved right on it, so that an exchange of models does not try them again. */
const proven = new WeakMap<OpenBackend, Map<string, Timed>>();

function provenOn(backend: OpenBackend): Map<string, Timed> {
  const choices = proven.get(backend) ?? new Map<string, Timed>();
  proven.set(backend, choices);
  return choices;
}

/**
 * Puts the choice that is remembered into force, once it has shown that it still computes what it should.
 * @returns whether nothing is left to choose: it is in force, or there are no variants here, or trying them went wrong too often
 */
export async function recallTuning(
  backend: OpenBackend,
  architecture: VitArchitecture,
  store: TimingStore,
): Promise<boolean> {
  if (!hasVariants(architecture)) return true;
  const key = keyOf(backend, architecture);
  const choices = provenOn(backend);
  const remembered = choices.get(key) ?? (await store.read(key));
  if (remembered === null) return false;
  if ('attempts' in remembered) return remembered.attempts >= mostAttempts;
  if ('threads' in remembered) return false;
  if (!choices.has(key) && !(await isStillValid(remembered, architecture))) {
    await store.forget(key);
    return false;
  }
  choices.set(key, remembered);
  applyTimed(remembered);
  return true;
}

/**
 * Compiles the variants that `tuneBackend` will time: that takes far longer than to run them, and is not in the way of what else this
 * thread does, while times taken beside other work would be worth nothing.
 * @param isWanted asked before each of them
 * @throws FailureError where the device is lost on the way
 */
export async function compileVariants(
  backend: OpenBackend,
  architecture: VitArchitecture,
  store: TimingStore,
  isWanted: () => boolean,
): Promise<void> {
  await attempt(store, keyOf(backend, architecture), async () => {
    for (const run of variantRuns(architecture)) if (isWanted()) await compileOnly(backend, run);
    await backend.finish(); // which a device does not that one of them took with it
  });
}

/** @throws FailureError where the device is lost on the way */
export async function tuneBackend(
  backend: OpenBackend,
  architecture: VitArchitecture,
  store: TimingStore,
): Promise<void> {
  if (backend.name !== 'webgpu' || (await recallTuning(backend, architecture, store))) return;
  const key = keyOf(backend, architecture);
  const timed = await attempt(store, key, () => timeKernels(backend, architecture));
  if (timed === null) return;
  await store.write(key, timed);
  provenOn(backend).set(key, timed);
}

/** Threads are the machine's and the browser's, whatever the model; another machine may have its profile by now. */
const threadsKey = (): string =>
  `${threadsVersion} wasm threads of ${globalThis.navigator?.hardwareConcurrency ?? 1} cores`;

/** @returns how many threads wasm is to have; null where that is not known here, or not any more */
export async function recallThreads(store: TimingStore): Promise<number | null> {
  const remembered = await store.read(threadsKey());
  if (remembered === null || !('threads' in remembered)) return null;
  const { threads, untilMs = Infinity } = remembered;
  return Date.now() < untilMs ? threads : null;
}

/** Each start with threads that do not answer takes long; but perhaps only a file did not come, so they get another chance. */
const withoutThreadsMs = 7 * 24 * 60 * 60 * 1000;

/** For the starts of the next week, after wasm did not answer with threads. */
export const doWithoutThreads = (store: TimingStore): Promise<void> =>
  store.write(threadsKey(), { threads: 1, untilMs: Date.now() + withoutThreadsMs });

/** Times on the current back end where there is a choice. Not while anything else computes on it. */
export async function tuneThreads(store: TimingStore): Promise<void> {
  const threads = await timeThreads();
  if (threads !== null) await store.write(threadsKey(), { threads });
}
