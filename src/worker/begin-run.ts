/** What comes before a run's first step: its photographs and its network, read anew or from where the run is kept. */
import type { VitArchitecture } from '../core/architecture.ts';
import { describeFailure, type Failure, FailureError } from '../core/failure.ts';
import type { Result } from '../core/result.ts';
import { scratchTitle, type KernelCheck } from '../core/training.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import type { FileStorage } from '../library/file-storage.ts';
import { openRun, writePhotographs, type KeptPhotograph } from '../library/run-store.ts';
import { withoutAlpha } from '../media/over-white.ts';
import type { PixelGrid } from '../media/resample.ts';
import type { LoadedModel } from '../models/loaded-model.ts';
import type { CallContext } from '../rpc/serve-calls.ts';
import type { TrainingContract, TrainingProgress, TrainingStart } from '../rpc/training-contract.ts';
import { shrinkPhotograph } from '../train/photographs.ts';
import { Trainer } from '../train/trainer.ts';
import { readTrainingCheckpoint } from '../train/training-checkpoint.ts';
import type { TrainingModel } from '../train/training-model.ts';
import { gridOf, valueOf } from './run-archive.ts';
import type { RunBeginning, RunTools } from './training-run.ts';

/** What runs of training need of the worker that they are in. */
export interface TrainingHost {
  readonly folders: Promise<FileStorage>;
  readonly tools: Omit<RunTools, 'folders' | 'onProgress'>;
  /** Of the back end that runs. */
  faults(): FaultWatch;
  currentArchitecture(): VitArchitecture;
  /** The model in use, its parameters in main memory. */
  loadCurrent(signal: AbortSignal): Promise<Result<LoadedModel, Failure>>;
  readPhotograph(blob: Blob): Promise<Result<PixelGrid, Failure>>;
}

export type TrainRequest = TrainingContract['train']['request'];
type NewRequest = Extract<TrainRequest, { kind: 'new' }>;
type Context = CallContext<TrainingProgress>;
type Beginning = Omit<RunBeginning, 'showsCrops'>;

async function readPhotographs(
  host: TrainingHost,
  { photographs, configuration }: NewRequest,
  { signal, onProgress }: Context,
): Promise<KeptPhotograph[]> {
  const read: KeptPhotograph[] = [];
  for (const { name, className = null, blob } of photographs) {
    onProgress({ stage: 'photographs', done: read.length, total: photographs.length });
    await host.tools.yieldToEventLoop();
    signal.throwIfAborted();
    const pixels = await host.readPhotograph(blob);
    if (!pixels.ok)
      throw new FailureError({
        code: 'training-impossible',
        problems: [`${name}: ${describeFailure(pixels.error).replace(/\.$/, '')}`],
      });
    const { height, width, values } = withoutAlpha(
      shrinkPhotograph(pixels.value, configuration.globalCropPx),
    );
    read.push({ name, className, height, width, values });
  }
  return read;
}

async function modelOf(
  host: TrainingHost,
  start: TrainingStart,
  signal: AbortSignal,
): Promise<TrainingModel & { readonly title: string }> {
  if (start !== 'current') return { title: scratchTitle, architecture: start, parameters: null };
  return valueOf(await host.loadCurrent(signal));
}

/** What a run begins with, besides its network. */
type Facts = Pick<NewRequest, 'title' | 'configuration' | 'pinned' | 'intervals' | 'model'> & {
  readonly photographs: readonly KeptPhotograph[];
};

/** A run's first beginning. Its photographs are kept from here on. */
async function beginNew(
  host: TrainingHost,
  { title, configuration, pinned, intervals, photographs, model: start }: Facts,
  context: Context,
  id: string,
  kernelCheck: KernelCheck,
): Promise<Beginning> {
  context.onProgress({ stage: 'model' });
  const model = await modelOf(host, start, context.signal);
  context.signal.throwIfAborted();
  const options = {
    configuration,
    photographs: photographs.map(gridOf),
    model,
    faults: host.faults(),
    kernels: kernelCheck.kernels,
  };
  const trainer = valueOf(await host.tools.enqueue(() => Promise.resolve(Trainer.create(options))));
  const now = host.tools.today().toISOString();
  const { centring, sharpening } = configuration;
  try {
    await writePhotographs(await host.folders, id, photographs);
  } catch (error) {
    trainer.dispose();
    throw error;
  }
  const run = {
    id,
    title,
    modelTitle: model.title,
    configuration,
    step: 0,
    photographs: photographs.map(({ name }) => name),
    pinned,
    switches: [{ step: 1, centring, sharpening }],
    intervals,
    startedAt: now,
    savedAt: now,
  };
  return { run, saved: null, kernelCheck, trainer, photographs, reports: [], snapshots: [] };
}

/** As a kept run began: with the switches as they were then. */
async function factsOfKept(host: TrainingHost, id: string): Promise<Facts> {
  const { run, photographs, state } = await openRun(await host.folders, id);
  const { title, modelTitle, pinned, intervals, switches } = run;
  const { centring, sharpening } = switches[0] ?? run.configuration;
  const configuration = { ...run.configuration, centring, sharpening };
  const { architecture } = valueOf(await readTrainingCheckpoint(state));
  const model = modelTitle === scratchTitle ? architecture : 'current';
  return { title, configuration, pinned, intervals, photographs, model };
}

/** @param id of the run that begins, or goes on */
export async function begin(
  host: TrainingHost,
  request: TrainRequest,
  context: Context,
  id: string,
  kernelCheck: KernelCheck,
): Promise<Beginning> {
  switch (request.kind) {
    case 'resume':
      return goOn(host, id, context, kernelCheck);
    case 'again':
      return beginNew(host, await factsOfKept(host, request.id), context, id, kernelCheck);
    case 'new': {
      const photographs = await readPhotographs(host, request, context);
      return beginNew(host, { ...request, photographs }, context, id, kernelCheck);
    }
  }
}

/** From where the run is kept. */
async function goOn(
  host: TrainingHost,
  id: string,
  { onProgress }: Context,
  kernelCheck: KernelCheck,
): Promise<Beginning> {
  onProgress({ stage: 'model' });
  const { run, photographs, state, reports, snapshots } = await openRun(await host.folders, id);
  const resumed = valueOf(
    await host.tools.enqueue(() =>
      Trainer.resume(state, photographs.map(gridOf), host.faults(), kernelCheck.kernels),
    ),
  );
  const { trainer, samePhotographs } = resumed;
  if (!samePhotographs) {
    trainer.dispose();
    throw new FailureError({ code: 'run-file-invalid', problem: 'its photographs have changed' });
  }
  return { run, saved: run, kernelCheck, trainer, photographs, reports, snapshots };
}
