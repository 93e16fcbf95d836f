/** Our own forward pass, by our kernels or by tfjs's plain ops: for the heads of the last block, or for other lenses. */
import type { BackendName } from '../../src/core/failure.ts';
import { timeKernels } from '../../src/gpu/kernels/time-kernels.ts';
import type { TimedLayer } from '../../src/gpu/kernels/timed-choice.ts';
import { openBackend } from '../../src/gpu/open-backend.ts';
import type { WasmAssets } from '../../src/gpu/open-wasm.ts';
import type { FaultWatch } from '../../src/gpu/fault-watch.ts';
import { attendSpecial } from '../../src/vit/attend.ts';
import { runForward } from '../../src/vit/forward.ts';
import { uploadParameters, type VitParameters } from '../../src/vit/parameters.ts';
import { readAttention } from '../../src/vit/read-attention.ts';
import { rollOut } from '../../src/vit/roll-out.ts';
import type { Tapped } from '../../src/vit/tapped.ts';
import type { Tap } from '../../src/vit/taps.ts';
import { namedParameters, type Contestant, type Task } from './contestant.ts';

const tuningMs = 90_000;

/** The kernel names for the table. Both are given if the choice depends on the weights' values. */
const kernelName = ({ float32, float16 }: TimedLayer): string =>
  float16 === null ? float32 : `${float32} (float16 weights: ${float16})`;

export type Work = 'heads' | 'rows of all blocks' | 'rollout';

/** Runs a pass that keeps what a lens needs, and reads the lens's values from it. */
async function runLens(
  parameters: VitParameters,
  task: Task,
  faults: FaultWatch,
  queries: Extract<Tap, { of: 'attention' }>['queries'],
  read: (tapped: Tapped) => Promise<Float32Array>,
): Promise<Float32Array> {
  const tapped = await runForward(
    parameters,
    task.input,
    task,
    [{ of: 'attention', blocks: 'all', queries }],
    {
      faults,
    },
  );
  try {
    return await read(tapped);
  } finally {
    tapped.dispose();
  }
}

/** Each entry returns the values that the lens shows. */
const works: Readonly<
  Record<Work, (parameters: VitParameters, task: Task, faults: FaultWatch) => Promise<Float32Array>>
> = {
  heads: async (parameters, task, faults) =>
    (await attendSpecial(parameters, task.input, task, { faults })).maps,
  'rows of all blocks': (parameters, task, faults) =>
    runLens(
      parameters,
      task,
      faults,
      'special',
      async (tapped) => (await readAttention(tapped, 'all', [0])).values,
    ),
  rollout: (parameters, task, faults) =>
    runLens(parameters, task, faults, 'all', (tapped) =>
      rollOut(tapped, 0, { fusion: 'mean', discardRatio: 0, normalise: 'rows' }),
    ),
};

export async function openOurs(
  task: Task,
  backend: BackendName,
  fusedKernels: boolean,
  wasmAssets: WasmAssets | null,
  work: Work = 'heads',
): Promise<Contestant> {
  const opened = await openBackend(backend, wasmAssets, fusedKernels);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const { faults, device } = opened.value;
  // The page also times kernels once for each adapter. Here a slow adapter gets all the time that it needs.
  const timed =
    backend === 'webgpu' && fusedKernels
      ? await timeKernels(opened.value, task.architecture, tuningMs)
      : null;
  const kernels = [...new Set(Object.values(timed?.linear ?? {}).map(kernelName))].join(' and ');
  const parameters = uploadParameters(task.architecture, namedParameters(task.architecture, task.weights));
  return {
    device:
      timed === null || kernels === ''
        ? device
        : `${device}; linear kernels: ${kernels}; attention: ${timed.attention ?? 'not timed'}`,
    run: async () => {
      const start = performance.now();
      const maps = await works[work](parameters, task, faults);
      return { maps, passMs: performance.now() - start };
    },
  };
}
