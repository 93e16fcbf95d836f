/** What the engine's worker does for training: begins runs and lets them go on, and takes care of those that are kept. */
import { succeed } from '../core/result.ts';
import { listRuns } from '../library/run-store.ts';
import { outcomeOf, type Handlers } from '../rpc/serve-calls.ts';
import type { RunList, TrainingContract } from '../rpc/training-contract.ts';
import { estimateTrainingMemory } from '../train/memory-estimate.ts';
import { stepMemoryHere } from '../train/step-layers.ts';
import { findMisfits } from '../train/training-model.ts';
import type { TrainingHost } from './begin-run.ts';
import { exportRun, keptFiles, readArchive, importArchive } from './run-archive.ts';
import { CurrentRun } from './current-run.ts';
import { runLock } from '../core/model-locks.ts';
import { withRunLock } from './run-lock.ts';
import { removeLeftovers } from './with-lock.ts';

/** Names of runs that have not been there before. */
function createIds(): () => string {
  let made = 0;
  return () => {
    made += 1;
    return `run-${Date.now().toString(36)}-${made}`;
  };
}

async function listKept(host: TrainingHost): Promise<RunList> {
  const folders = await host.folders;
  const { runs, unreadable, unfinished } = await listRuns(folders);
  // A run that is being prepared has not been saved yet either.
  await removeLeftovers(unfinished, {
    lockOf: runLock,
    find: async () => (await listRuns(folders)).unfinished,
    remove: (id) => folders.remove(id),
  });
  return { runs, unreadable, notKept: folders.notKept };
}

export function createTrainingHandlers(host: TrainingHost): Handlers<TrainingContract> {
  const current = new CurrentRun(host);
  const newId = createIds();
  return {
    planTraining: async ({ model, configuration }) => {
      const architecture = model === 'current' ? host.currentArchitecture() : model;
      const problems = findMisfits(configuration, { architecture, parameters: null }, [null]);
      return succeed({ ...estimateTrainingMemory(architecture, configuration, stepMemoryHere()), problems });
    },
    train: (request, context) =>
      outcomeOf(context, () =>
        current.train(request, request.kind === 'resume' ? request.id : newId(), context),
      ),
    steer: async (steering) => {
      current.steer(steering);
      return succeed({});
    },
    listRuns: (_, context) => outcomeOf(context, () => listKept(host)),
    exportRun: ({ id, what }, context) =>
      outcomeOf(context, async () => {
        const kept = (await current.find(id)?.filesNow()) ?? (await keptFiles(await host.folders, id));
        return exportRun(kept, what, context);
      }),
    importRun: ({ file }, context) =>
      outcomeOf(context, async () => {
        const files = await readArchive(file, context);
        const id = newId();
        return withRunLock(id, async () => importArchive(await host.folders, id, files, context));
      }),
    deleteRun: ({ id }, context) =>
      outcomeOf(context, async () => {
        await withRunLock(id, async () => (await host.folders).remove(id));
        return listKept(host);
      }),
  };
}
