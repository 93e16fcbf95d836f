/** The runs that this browser keeps: lists them, deletes them, offers to go on with the one that was broken off. */
import { describeFailure } from '../../core/failure.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { UnreadableRun } from '../../rpc/training-contract.ts';
import type { AppStore } from '../state/app-store.ts';
import { forgetOpenRun, recallOpenRun } from './open-run.ts';
import type { TrainingStore } from './training-state.ts';

export interface KeptRuns {
  refresh(): Promise<void>;
  remove(run: UnreadableRun): Promise<void>;
  /** Says at the start of a visit what the last one left unfinished. */
  offerToResume(): Promise<void>;
}

/** Whether another window is training it. The window that was closed a moment ago may still have its lock. */
async function isLocked(id: string): Promise<boolean> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const { held = [] } = (await navigator.locks?.query?.().catch(() => null)) ?? {};
    if (!held.some(({ name }) => name === `dinoscope-run-${id}`)) return false;
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
    // Files outlive a worker that was lost; runs that were in its memory do not.
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
      if (open === null || (await isLocked(open))) return;
      await refresh();
      forgetOpenRun();
      const run = store.getState().list?.runs.find(({ id }) => id === open);
      if (run === undefined || run.step >= run.configuration.steps) return;
      app
        .getState()
        .say(
          `Training was interrupted: “${run.title}” is kept up to step ${run.step} of ${run.configuration.steps}. Press R to go on with it.`,
        );
    },
  };
}
