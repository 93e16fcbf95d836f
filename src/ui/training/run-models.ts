/** Networks of runs as models of the page: compared with each other, and with what a run began with. */
import { scratchTitle } from '../../core/training.ts';
import type { StoredRun } from '../../rpc/training-contract.ts';
import { modelsHere } from '../models/known-models.ts';
import { listedId, type ListedName } from '../models/dropped-models.ts';
import type { ModelLibrary } from '../models/model-library.ts';
import type { AppStore } from '../state/app-store.ts';
import { isSameChoice, type ModelChoice } from '../state/model-choice.ts';

/** 'start': of a run from scratch, as its seed drew it. */
export type RunRole = 'teacher' | 'student' | 'start';

/** The two that learn. */
export const roles = ['teacher', 'student'] as const;

export const roleTitles: Readonly<Record<RunRole, string>> = {
  teacher: 'Teacher',
  student: 'Student',
  start: 'Beginning',
};

type Exported = { readonly file: Blob; readonly step: number };

export interface RunModels {
  /** Compares the model in use with a run's teacher or student. */
  compareNetwork(run: StoredRun, role: RunRole): Promise<void>;
  /** Puts the run's teacher in use, its student beside it, and opens the viewer. */
  compareTeacherAndStudent(run: StoredRun): Promise<void>;
  /** Puts what the run began with in use, its teacher beside it, and opens the viewer. */
  compareWithStart(run: StoredRun): Promise<void>;
}

interface Tools {
  readonly app: AppStore;
  readonly library: ModelLibrary;
  /** @returns null if it failed or was cancelled, which the person has been told */
  readonly exported: (run: StoredRun, role: RunRole) => Promise<Exported | null>;
}

/** The start is the same after any number of steps. */
const nameOf = ({ id }: StoredRun, role: RunRole, step: number): ListedName => ({
  of: `${id} ${role}`,
  version: `step ${role === 'start' ? 0 : step}`,
});

/** The model's id in the list, where this network was exported before. */
export const listedAs = (run: StoredRun, role: RunRole): string => listedId(nameOf(run, role, run.step));

function titleFor(run: StoredRun, role: RunRole, step: number): string {
  const of = `${roleTitles[role]} of ${run.title}`;
  return role === 'start' ? of : `${of}, step ${step}`;
}

export function createRunModels({ app, library, exported }: Tools): RunModels {
  /** Puts it into the list of models. */
  const listed = async (run: StoredRun, role: RunRole): Promise<ModelChoice | null> => {
    const network = await exported(run, role);
    if (network === null) return null;
    const title = titleFor(run, role, network.step);
    const files = new Map([[`${title}.safetensors`, network.file]]);
    return library.list(nameOf(run, role, network.step), { title, kind: 'checkpoint', files, hints: {} });
  };

  /** @returns what the run began with; null where that is no longer here */
  const startOf = async (run: StoredRun): Promise<ModelChoice | null> => {
    if (run.modelTitle === scratchTitle) return listed(run, 'start');
    const { used } = app.getState().models;
    if (used?.description.title === run.modelTitle) return used.choice;
    await library.refresh();
    const found = modelsHere(app.getState().library).find(({ title }) => title === run.modelTitle);
    if (found === undefined)
      app
        .getState()
        .say(
          `${run.title} began with ${run.modelTitle}, which is not among the models now. Add or download it first.`,
          'warning',
        );
    return found?.choice ?? null;
  };

  /** Opens the viewer with both. */
  const show = async (own: ModelChoice | null, other: ModelChoice | null): Promise<void> => {
    if (own === null || other === null) return;
    const { setScreen, say, order } = app.getState();
    setScreen('viewer');
    if (order.length === 0) say('Add a photograph: both networks are shown on it.');
    if (!isSameChoice(app.getState().models.used?.choice ?? null, own)) await library.use(own);
    if (isSameChoice(app.getState().models.used?.choice ?? null, own)) await library.compare(other);
  };

  return {
    async compareNetwork(run, role) {
      const choice = await listed(run, role);
      if (choice !== null) await library.compare(choice);
    },
    async compareTeacherAndStudent(run) {
      const teacher = await listed(run, 'teacher');
      await show(teacher, teacher === null ? null : await listed(run, 'student'));
    },
    async compareWithStart(run) {
      const start = await startOf(run);
      await show(start, start === null ? null : await listed(run, 'teacher'));
    },
  };
}
