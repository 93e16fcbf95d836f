/** The runs that are stored in this browser: lists them, deletes them, and offers to resume an interrupted run. */
import { lockName, runLock } from '../../core/model-locks.ts';
import { describeFailure } from '../../core/failure.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { UnreadableRun } from '../../rpc/training-contract.ts';
import type { AppStore } from '../state/app-store.ts';
import { forgetOpenRun, recallOpenRun } from './open-run.ts';
import type { TrainingStore } from './training-state.ts';

export interface KeptRuns {
  refresh(): Promise<void>;
  remove(run: UnreadableRun): Promise<void>;
  /** At the start of a visit, offers to resume the run that the last visit left unfinished. */
  offerToResume(): Promise<void>;
}

/** Whether another window is training the run. A window that was closed a moment ago may still hold the lock. */
async function isLocked(id: string): Promise<boolean> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const { held = [] } = (await navigator.locks?.query?.().catch(() => null)) ?? {};
    if (!held.some(({ name }) => name === lockName(runLock(id)))) return false;
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  return true;
}

export function createKeptRuns(client: EngineClient, app: AppStore, store: TrainingStore): KeptRuns {
  const refresh = async (): Promise<void> => {
    const outcome = await client.call('listRuns', {});
    if (outcome.ok) {
      store.setState({ list: outcome.value, listFailure: null });
      return;
    }
    // Runs in files survive the loss of a worker; runs in its memory do not.
    const { list } = store.getState();
    store.setState({ list: list?.notKept === null ? list : null, listFailure: outcome.error });
  };

  return {
    refresh,

    async remove(run) {
      const outcome = await client.call('deleteRun', { id: run.id });
      const { say, announce } = app.getState();
      const title = run.title ?? 'The run';
      if (!outcome.ok) {
        say(`${title}: ${describeFailure(outcome.error)}`, 'warning');
        return;
      }
      store.setState({ list: outcome.value });
      announce(`${title} is deleted, its photographs too.`);
    },

    async offerToResume() {
      const open = recallOpenRun();
      if (open === null || (await isLocked(open.id))) return;
      await refresh();
      forgetOpenRun();
      const run = store.getState().list?.runs.find(({ id }) => id === open.id);
      if (run === undefined || run.step >= run.configuration.steps) return;
      const { say, dismiss } = app.getState();
      const reached = `step ${run.step} of ${run.configuration.steps}. It goes on under Train (R).`;
      const said = say(
        open.isPaused
          ? `“${run.title}” is paused at ${reached}`
          : `Training was interrupted: “${run.title}” is kept up to ${reached}`,
      );
      const stop = store.subscribe((state) => {
        if (state.run === null) return;
        stop();
        dismiss(said);
      });
    },
  };
}
