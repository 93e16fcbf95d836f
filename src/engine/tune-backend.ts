/** The choice among our WebGPU kernels' variants, made once for an adapter and model and remembered where the platform can. */
import type { VitArchitecture } from '../core/architecture.ts';
import { compileOnly } from '../gpu/compile-only.ts';
import { applyTimed, timeKernels, variantRuns, type Timed } from '../gpu/kernels/tune-kernels.ts';
import type { OpenBackend } from '../gpu/open-backend.ts';

/** Where choices are kept. No function rejects: storage that fails is storage without the entry. */
export interface TimingStore {
  read(key: string): Promise<Timed | null>;
  write(key: string, timed: Timed): Promise<void>;
  forget(key: string): Promise<void>;
}

/** To be raised when kernels or their variants change. */
const version = 3;

const usual: Timed = { linear: {}, attentionQueries: null };

const keyOf = ({ device }: OpenBackend, { embedDim, numHeads, mlpRatio }: VitArchitecture): string =>
  `${version} ${device} ${embedDim} ${numHeads} ${mlpRatio}`;

/** Puts the choice that is remembered into force. @returns whether there is one */
export async function recallTuning(
  backend: OpenBackend,
  architecture: VitArchitecture,
  store: TimingStore,
): Promise<boolean> {
  const remembered = await store.read(keyOf(backend, architecture));
  return remembered !== null && applyTimed(remembered);
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
  const key = keyOf(backend, architecture);
  // As below: a variant may take the device or the page with it when it is compiled, too. For no longer than that, since many a page is
  // closed while it downloads.
  await store.write(key, usual);
  for (const run of variantRuns(architecture)) if (isWanted()) await compileOnly(backend, run);
  await backend.finish(); // which a device does not that one of them took with it
  await store.forget(key);
}

/** @throws FailureError where the device is lost on the way */
export async function tuneBackend(
  backend: OpenBackend,
  architecture: VitArchitecture,
  store: TimingStore,
): Promise<void> {
  if (backend.name !== 'webgpu' || (await recallTuning(backend, architecture, store))) return;
  const key = keyOf(backend, architecture);
  // Should a variant take the device or the page with it, the next start does without the question.
  await store.write(key, usual);
  const timed = await timeKernels(backend, architecture);
  if (timed !== null) await store.write(key, timed);
}
