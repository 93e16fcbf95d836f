/**
 * Training as the page sees it: plans, begins, steers and keeps runs. State lives in the training store; this is the only place
 * that calls the worker's training methods.
 */
import { describeFailure, type Failure } from '../../core/failure.ts';
import { findProblems } from '../../core/hyper-parameters.ts';
import type { TrainingConfiguration, TrainingSwitches } from '../../core/training.ts';
import { presetOf, type TrainingPresetId } from '../../core/training-presets.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type {
  ExportKind,
  StoredRun,
  TrainingContract,
  TrainingProgress,
  TrainingRhythm,
  UnreadableRun,
} from '../../rpc/training-contract.ts';
import type { ModelLibrary } from '../models/model-library.ts';
import type { AppStore } from '../state/app-store.ts';
import type { PhotoId } from '../state/photo.ts';
import { chosenPhotographs } from './chosen-photographs.ts';
import { createRunTransfers } from './run-transfers.ts';
import { forgetOpenRun, recallOpenRun, rememberOpenRun } from './open-run.ts';
import {
  isAtRest,
  newRunView,
  setupOf,
  verdictOf,
  withProgress,
  type RunView,
  type TrainingSetup,
  type TrainingStore,
} from './training-state.ts';

export interface TrainingSession {
  readonly store: TrainingStore;
  choosePreset(id: TrainingPresetId): void;
  changeConfiguration(change: Partial<TrainingConfiguration>): void;
  changeRhythm(change: Partial<TrainingRhythm>): void;
  include(id: PhotoId, isIn: boolean): void;
  pin(id: PhotoId): void;
  /** Asks what the run would take; told when the setup or the model changes. */
  plan(): Promise<void>;
  start(): Promise<void>;
  resume(run: StoredRun): Promise<void>;
  /** Ends the run after the step that runs, and saves it. */
  pause(): void;
  /** Ends a run that is still being prepared: of a new one nothing stays. */
  cancel(): void;
  /** As a pause, and back to the setup: what was saved stays in the list. */
  stop(): void;
  /** Gives up what could not be saved. */
  discard(): void;
  setSwitches(switches: Partial<TrainingSwitches>): void;
  showCrops(wanted: boolean): void;
  /** Puts the run at rest out of sight; it stays where it is kept. */
  close(): void;
  save(run: StoredRun, what: ExportKind): Promise<void>;
  /** The trained teacher becomes the page's model. */
  use(run: StoredRun): Promise<void>;
  remove(run: UnreadableRun): Promise<void>;
  importRuns(files: readonly Blob[]): Promise<void>;
  /** Ends what is on its way into a file or out of one; nothing of it stays. */
  cancelTransfer(): void;
  refresh(): Promise<void>;
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

export function createTrainingSession(
  client: EngineClient,
  app: AppStore,
  library: ModelLibrary,
  store: TrainingStore,
): TrainingSession {
  const transfers = createRunTransfers(client, app, library, store);
  let wantsCrops = false;
  let toldTenth = 0;
  let toldCollapse = '';
  let isOpenHere = false;
  let plansMade = 0;
  let closesAtEnd = false;
  let preparing: AbortController | null = null;

  const announce = (text: string): void => app.getState().announce(text);
  const warn = (text: string): void => void app.getState().say(text, 'warning');
  const changeSetup = (change: Partial<TrainingSetup>): void =>
    store.setState(({ setup }) => ({ setup: { ...setup, ...change } }));
  const changeRun = (change: (run: RunView) => RunView): void =>
    store.setState(({ run }) => (run === null ? {} : { run: change(run) }));

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

  /** Sparing: what can be heard while somebody speaks. */
  const tell = (progress: TrainingProgress): void => {
    const { run } = store.getState();
    if (run === null) return;
    if (progress.stage === 'ready') {
      toldTenth = Math.floor((10 * progress.run.step) / run.configuration.steps);
      announce(`Training has begun: step ${progress.run.step + 1} of ${run.configuration.steps}.`);
    }
    if (progress.stage !== 'step') return;
    const { step } = progress.report;
    const { steps } = run.configuration;
    const { kind } = verdictOf(run);
    const isCollapse = kind === 'one-output' || kind === 'uniform' || kind === 'constant';
    if (isCollapse && toldCollapse !== kind) announce(`Step ${step}: the run has collapsed.`);
    toldCollapse = isCollapse ? kind : '';
    const tenth = Math.floor((10 * step) / steps);
    if (tenth > toldTenth && tenth < 10)
      announce(`Step ${step} of ${steps}, loss ${progress.report.loss.toFixed(2)}.`);
    toldTenth = tenth;
  };

  /** News come faster than the screen is drawn: what has come since the last frame is shown at once. */
  let waiting: TrainingProgress[] = [];
  const showWaiting = (): void => {
    const news = waiting;
    waiting = [];
    for (const progress of news) {
      changeRun((run) => withProgress(run, progress));
      tell(progress);
    }
  };
  const take = (progress: TrainingProgress): void => {
    if (progress.stage === 'ready') {
      isOpenHere = true;
      rememberOpenRun(progress.run.id);
    }
    waiting.push(progress);
    if (waiting.length === 1) setTimeout(showWaiting, 40);
  };

  const endWith = (failure: Failure): void => {
    // The engine was started again, for another model or back end: nobody's fault, and the run is kept.
    const isInterrupted = failure.code === 'cancelled';
    changeRun((run) => ({
      ...run,
      isSaving: false,
      state: isInterrupted && run.saved !== null ? { status: 'paused' } : { status: 'failed', failure },
    }));
    announce(`Training has stopped. ${describeFailure(failure)}`);
  };

  const train = async (request: TrainingContract['train']['request'], view: RunView): Promise<void> => {
    waiting = [];
    isOpenHere = false;
    toldCollapse = '';
    store.setState({ run: view });
    const controller = new AbortController();
    preparing = controller;
    const outcome = await client.call('train', request, {
      signal: controller.signal,
      awaitsWorker: true,
      onProgress: take,
      keepsWorkerBusy: true,
    });
    preparing = null;
    showWaiting();
    // A run that was refused here may be open in another window, which has written the note.
    if (isOpenHere) forgetOpenRun();
    if (outcome.ok) {
      const { how, run: saved } = outcome.value;
      changeRun((run) => ({ ...run, saved, isSaving: false, state: { status: how } }));
      announce(
        how === 'finished'
          ? `Training has ended after ${saved.step} steps.`
          : `Paused at step ${saved.step}.`,
      );
    } else if (outcome.error.code === 'cancelled' && controller.signal.aborted && request.kind === 'new') {
      store.setState({ run: null });
      announce('Cancelled.');
    } else endWith(outcome.error);
    if (closesAtEnd && outcome.ok) store.setState({ run: null });
    closesAtEnd = false;
    await refresh();
  };

  const isBusy = (): boolean => {
    const { run } = store.getState();
    return run !== null && !isAtRest(run);
  };

  const pause = (): void => {
    if (!isBusy()) return;
    changeRun((run) => ({ ...run, state: { status: 'pausing' } }));
    void client.call('steer', { pause: true });
  };

  return {
    store,
    choosePreset: (id) => changeSetup(setupOf(id)),
    changeConfiguration: (change) =>
      changeSetup({ configuration: { ...store.getState().setup.configuration, ...change } }),
    changeRhythm: (change) => changeSetup({ rhythm: { ...store.getState().setup.rhythm, ...change } }),
    include: (id, isIn) => {
      const leftOut = new Set(store.getState().setup.leftOut);
      if (isIn) leftOut.delete(id);
      else leftOut.add(id);
      changeSetup({ leftOut });
    },
    pin: (pinnedId) => changeSetup({ pinnedId }),

    async plan() {
      const { configuration, presetId } = store.getState().setup;
      plansMade += 1;
      const made = plansMade;
      if (findProblems(configuration).length > 0 || app.getState().engine.status !== 'ready') {
        store.setState({ plan: { status: 'unknown' } });
        return;
      }
      const model = presetOf(presetId).scratch ?? 'current';
      const outcome = await client.call('planTraining', { model, configuration });
      if (made !== plansMade) return;
      store.setState({
        plan: outcome.ok
          ? { status: 'known', plan: outcome.value }
          : { status: 'failed', failure: outcome.error },
      });
    },

    async start() {
      const { setup } = store.getState();
      const { presetId, configuration, rhythm } = setup;
      const chosen = chosenPhotographs(app.getState(), setup);
      if (isBusy() || chosen.photographs.length === 0) return;
      const preset = presetOf(presetId);
      const model = preset.scratch ?? 'current';
      // By what learns, which need not be the network that the preset was made for.
      const learner = app.getState().models.used?.description.title;
      const title = preset.scratch === null && learner !== undefined ? `Adapt ${learner}` : preset.title;
      const photographs = chosen.photographs.map(({ name, blob }) => ({ name, blob }));
      const view = newRunView({
        title,
        modelTitle: null,
        configuration,
        photographs: photographs.map(({ name }) => name),
      });
      // Without it the browser may throw the run out when the disk fills. It decides by itself; we can only ask.
      void navigator.storage?.persist?.().catch(() => false);
      await train(
        {
          kind: 'new',
          title,
          model,
          configuration,
          photographs,
          pinned: chosen.pinned,
          rhythm,
          crops: wantsCrops,
        },
        view,
      );
    },

    async resume(stored) {
      if (isBusy()) return;
      const { run } = store.getState();
      const { title, modelTitle, configuration, photographs, id } = stored;
      const view = {
        ...newRunView({ title, modelTitle, configuration, photographs }),
        saved: stored,
      };
      // What is on view of this run stays until it goes on.
      const kept = run?.saved?.id === id ? { ...run, state: view.state, unsaved: null } : view;
      await train({ kind: 'resume', id, crops: wantsCrops }, kept);
    },

    pause,

    cancel() {
      changeRun((run) => ({ ...run, state: { status: 'pausing' } }));
      preparing?.abort();
    },

    stop() {
      closesAtEnd = true;
      pause();
    },

    discard: () => void client.call('steer', { discard: true }),

    setSwitches(switches) {
      changeRun((run) => ({ ...run, wanted: { ...run.wanted, ...switches } }));
      void client.call('steer', switches);
    },

    showCrops(wanted) {
      wantsCrops = wanted;
      void client.call('steer', { crops: wanted });
    },

    close() {
      if (!isBusy()) store.setState({ run: null });
    },

    save: transfers.save,
    use: transfers.use,
    importRuns: async (files) => {
      await transfers.importRuns(files);
      await refresh();
    },
    cancelTransfer: transfers.cancel,

    async remove(run) {
      const outcome = await client.call('deleteRun', { id: run.id });
      const title = run.title ?? 'The run';
      if (!outcome.ok) {
        warn(`${title}: ${describeFailure(outcome.error)}`);
        return;
      }
      store.setState({ list: outcome.value });
      announce(`${title} is deleted, its photographs too.`);
    },

    refresh,

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
