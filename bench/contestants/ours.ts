/** Our own pass, by our kernels or by tfjs's plain ops. */
import type { BackendName } from '../../src/core/failure.ts';
import { timeKernels, type TimedLayer } from '../../src/gpu/kernels/tune-kernels.ts';
import { openBackend } from '../../src/gpu/open-backend.ts';
import type { WasmAssets } from '../../src/gpu/open-wasm.ts';
import { attendSpecial } from '../../src/vit/attend.ts';
import { uploadParameters } from '../../src/vit/parameters.ts';
import { namedParameters, type Contestant, type Task } from './contestant.ts';

const tuningMs = 90_000;

/** In the words of the table: both, where the weights' values decide. */
const kernelName = ({ float32, float16 }: TimedLayer): string =>
  float16 === null ? float32 : `${float32} (float16 weights: ${float16})`;

export async function openOurs(
  task: Task,
  backend: BackendName,
  fusedKernels: boolean,
  wasmAssets: WasmAssets | null,
): Promise<Contestant> {
  const opened = await openBackend(backend, wasmAssets, fusedKernels);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const { faults, device } = opened.value;
  // As the page does once for an adapter, but with all the time that a slow one needs.
  const timed =
    backend === 'webgpu' && fusedKernels
      ? await timeKernels(opened.value, task.architecture, tuningMs)
      : null;
  const kernels = [...new Set(Object.values(timed?.linear ?? {}).map(kernelName))].join(' and ');
  const parameters = uploadParameters(task.architecture, namedParameters(task.architecture, task.weights));
  const afterBlock = (): Promise<void> => Promise.resolve();
  return {
    device: kernels === '' ? device : `${device}; linear kernels: ${kernels}`,
    run: async () => {
      const start = performance.now();
      const { maps } = await attendSpecial(parameters, task.input, task, { faults, afterBlock });
      return { maps, passMs: performance.now() - start };
    },
  };
}
