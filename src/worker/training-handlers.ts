/** What the engine's worker does for training: begins runs and lets them go on, and takes care of those that are kept. */
import { describeFailure, type Failure, FailureError } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import type { KernelCheck } from '../core/training.ts';
import type { VitArchitecture } from '../core/architecture.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import type { ModelFolders } from '../library/model-folders.ts';
import { listRuns, openRun, writePhotographs, type KeptPhotograph } from '../library/run-store.ts';
import { withoutAlpha } from '../media/over-white.ts';
import type { PixelGrid } from '../media/resample.ts';
import type { LoadedModel } from '../models/loaded-model.ts';
import { outcomeOf, type CallContext, type Handlers } from '../rpc/serve-calls.ts';
import type { RunList, TrainingContract, TrainingProgress, TrainingStart } from '../rpc/training-contract.ts';
import { estimateTrainingMemory } from '../train/memory-estimate.ts';
import { shrinkPhotograph } from '../train/photographs.ts';
import { findMisfits, Trainer } from '../train/trainer.ts';
import { stepMemoryHere } from '../train/step-layers.ts';
import { checkStepKernels } from '../train/training-self-check.ts';
import { exportRun, gridOf, keptFiles, readArchive, takeInArchive, valueOf } from './run-archive.ts';
import { TrainingRun, type RunBeginning, type RunTools } from './training-run.ts';
import { clearAway, withLock } from './with-lock.ts';

export interface TrainingRoom {
  readonly folders: Promise<ModelFolders>;
  readonly tools: Omit<RunTools, 'folders' | 'onProgress'>;
  /** Of the back end that runs. */
  faults(): FaultWatch;
  currentArchitecture(): VitArchitecture;
  /** The model in use, its parameters in main memory. */
  loadCurrent(signal: AbortSignal): Promise<Result<LoadedModel, Failure>>;
  readPhotograph(blob: Blob): Promise<Result<PixelGrid, Failure>>;
}

type TrainRequest = TrainingContract['train']['request'];
type NewRequest = Extract<TrainRequest, { kind: 'new' }>;

export function createTrainingHandlers(room: TrainingRoom): Handlers<TrainingContract> {
  let active: TrainingRun | null = null;
  /** What somebody wants of a run that is still being prepared; null while there is none. */
  let early: TrainingContract['steer']['request'][] | null = null;
  let runsMade = 0;
  let checked: KernelCheck | null = null;

  const newId = (): string => {
    runsMade += 1;
    return `run-${Date.now().toString(36)}-${runsMade}`;
  };

  const lockOf = (id: string): string => `run-${id}`;

  const locked = <T>(id: string, work: () => Promise<T>): Promise<T> =>
    withLock(lockOf(id), { code: 'run-busy' }, work);

  const readPhotographs = async (
    { photographs, configuration }: NewRequest,
    { signal, onProgress }: CallContext<TrainingProgress>,
  ): Promise<KeptPhotograph[]> => {
    const read: KeptPhotograph[] = [];
    for (const { name, blob } of photographs) {
      onProgress({ stage: 'photographs', done: read.length, total: photographs.length });
      await room.tools.giveWay();
      signal.throwIfAborted();
      const pixels = await room.readPhotograph(blob);
      if (!pixels.ok)
        throw new FailureError({
          code: 'training-impossible',
          problems: [`${name}: ${describeFailure(pixels.error).replace(/\.$/, '')}`],
        });
      const { height, width, values } = withoutAlpha(
        shrinkPhotograph(pixels.value, configuration.globalCropPx),
      );
      read.push({ name, height, width, values });
    }
    return read;
  };

  const modelOf = async (start: TrainingStart, signal: AbortSignal) => {
    if (start !== 'current') return { title: 'from scratch', architecture: start, parameters: null };
    return valueOf(await room.loadCurrent(signal));
  };

  /** Before the first run: kernels that looking does not need have not been tried before. */
  const check = async ({ onProgress }: CallContext<TrainingProgress>): Promise<KernelCheck> => {
    if (checked === null) onProgress({ stage: 'check' });
    checked ??= await room.tools.inLine(() => checkStepKernels(room.faults()));
    return checked;
  };

  type Beginning = Omit<RunBeginning, 'showsCrops'>;

  const beginNew = async (
    request: NewRequest,
    context: CallContext<TrainingProgress>,
    id: string,
    kernelCheck: KernelCheck,
  ): Promise<Beginning> => {
    const { title, configuration, pinned, rhythm } = request;
    const photographs = await readPhotographs(request, context);
    context.onProgress({ stage: 'model' });
    const model = await modelOf(request.model, context.signal);
    context.signal.throwIfAborted();
    const options = {
      configuration,
      photographs: photographs.map(gridOf),
      model,
      faults: room.faults(),
      kernels: kernelCheck.kernels,
    };
    const trainer = valueOf(await room.tools.inLine(() => Promise.resolve(Trainer.create(options))));
    const now = room.tools.today().toISOString();
    const { centring, sharpening } = configuration;
    try {
      await writePhotographs(await room.folders, id, photographs);
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
      rhythm,
      startedAt: now,
      savedAt: now,
    };
    return { run, saved: null, kernelCheck, trainer, photographs, reports: [], snapshots: [] };
  };

  const beginAgain = async (
    id: string,
    { onProgress }: CallContext<TrainingProgress>,
    kernelCheck: KernelCheck,
  ): Promise<Beginning> => {
    onProgress({ stage: 'model' });
    const { run, photographs, state, reports, snapshots } = await openRun(await room.folders, id);
    const resumed = valueOf(
      await room.tools.inLine(() =>
        Trainer.resume(state, photographs.map(gridOf), room.faults(), kernelCheck.kernels),
      ),
    );
    const { trainer, samePhotographs } = resumed;
    if (!samePhotographs) {
      trainer.dispose();
      throw new FailureError({ code: 'run-file-invalid', problem: 'its photographs have changed' });
    }
    return { run, saved: run, kernelCheck, trainer, photographs, reports, snapshots };
  };

  const train = async (request: TrainRequest, context: CallContext<TrainingProgress>) => {
    const { signal, onProgress } = context;
    const folders = await room.folders;
    const id = request.kind === 'new' ? newId() : request.id;
    let isReady = false;
    const prepareAndGoOn = async () => {
      const kernelCheck = await check(context);
      signal.throwIfAborted();
      const beginning =
        request.kind === 'new'
          ? await beginNew(request, context, id, kernelCheck)
          : await beginAgain(id, context, kernelCheck);
      const { trainer } = beginning;
      try {
        active = new TrainingRun(
          { ...beginning, showsCrops: request.crops },
          {
            ...room.tools,
            folders,
            onProgress: (progress) => {
              if (progress.stage === 'ready') isReady = true;
              onProgress(progress);
            },
          },
        );
        for (const steering of early ?? []) active.steer(steering);
        return valueOf(await active.goOn(signal, folders.notKept === null));
      } finally {
        active = null;
        await room.tools.inLine(() => Promise.resolve(trainer.dispose()));
      }
    };
    return locked(id, async () => {
      try {
        return await prepareAndGoOn();
      } catch (error) {
        // A new run that was cancelled before it stood leaves nothing, its photographs least of all.
        if (request.kind === 'new' && signal.aborted && !isReady) await folders.remove(id);
        throw error;
      }
    });
  };

  const list = async (): Promise<RunList> => {
    const folders = await room.folders;
    const { runs, unreadable, unfinished } = await listRuns(folders);
    // A run that is being prepared has not been saved yet either.
    for (const id of unfinished) await clearAway(lockOf(id), () => folders.remove(id));
    return { runs, unreadable, notKept: folders.notKept };
  };

  return {
    planTraining: async ({ model, configuration }) => {
      const architecture = model === 'current' ? room.currentArchitecture() : model;
      const problems = findMisfits(configuration, { architecture, parameters: null }, [null]);
      return succeed({ ...estimateTrainingMemory(architecture, configuration, stepMemoryHere()), problems });
    },
    train: (request, context) => {
      if (early !== null) return Promise.resolve(fail({ code: 'run-busy' }));
      early = [];
      return outcomeOf(context, () => train(request, context)).finally(() => {
        early = null;
      });
    },
    steer: async (steering) => {
      if (active === null) early?.push(steering);
      else active.steer(steering);
      return succeed({});
    },
    listRuns: (_, context) => outcomeOf(context, list),
    exportRun: ({ id, what }, context) =>
      outcomeOf(context, async () => {
        const kept = active?.id === id ? await active.filesNow() : await keptFiles(await room.folders, id);
        return exportRun(kept, what, context);
      }),
    importRun: ({ file }, context) =>
      outcomeOf(context, async () => {
        const files = await readArchive(file, context);
        const id = newId();
        return locked(id, async () => takeInArchive(await room.folders, id, files, context));
      }),
    deleteRun: ({ id }, context) =>
      outcomeOf(context, async () => {
        await locked(id, async () => (await room.folders).remove(id));
        return list();
      }),
  };
}
