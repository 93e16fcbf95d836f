/** The choice among our WebGPU kernels' variants, made once for an adapter and model and remembered where the platform can. */
import type { VitArchitecture } from '../core/architecture.ts';
import { applyTimed, timeKernels, type Timed } from '../gpu/kernels/tune-kernels.ts';
import type { OpenBackend } from '../gpu/open-backend.ts';

/** Where choices are kept. Neither function rejects: storage that fails is storage without the entry. */
export interface TimingStore {
  read(key: string): Promise<Timed | null>;
  write(key: string, timed: Timed): Promise<void>;
}

/** To be raised when kernels or their variants change. */
const version = 3;

const usual: Timed = { linear: {}, attentionQueries: null };

/** @throws FailureError where the device is lost on the way */
export async function tuneBackend(
  backend: OpenBackend,
  architecture: VitArchitecture,
  store: TimingStore,
): Promise<void> {
  if (backend.name !== 'webgpu') return;
  const { embedDim, numHeads, mlpRatio } = architecture;
  const key = `${version} ${backend.device} ${embedDim} ${numHeads} ${mlpRatio}`;
  const remembered = await store.read(key);
  if (remembered !== null && applyTimed(remembered)) return;
  // Should a variant take the device or the page with it, the next start does without the question.
  await store.write(key, usual);
  const timed = await timeKernels(backend, architecture);
  if (timed !== null) await store.write(key, timed);
}
