/** The run that is training: starts it, controls it, shows its progress, and reports how it ended. */
import { describeFailure, type Failure } from '../../core/failure.ts';
import { classAt, classLevelOf } from '../../core/class-folders.ts';
import { pathOfFile } from '../../core/file-names.ts';
import type { Result } from '../../core/result.ts';
import type { TrainingSwitches } from '../../core/training.ts';
import { presetOf } from '../../core/training-presets.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { StoredRun, TrainingContract, TrainingProgress } from '../../rpc/training-contract.ts';
import type { AppStore } from '../state/app-store.ts';
import { RunAnnouncer } from './announce-run.ts';
import { chosenPhotographs } from './chosen-photographs.ts';
import { forgetOpenRun, rememberOpenRun } from './open-run.ts';
import { RunNews } from './run-news.ts';
import { isAtRest, newRunView, withProgress, type RunView, type TrainingStore } from './training-state.ts';

export interface RunActions {
  start(): Promise<void>;
  resume(run: StoredRun): Promise<void>;
  /** Ends the run after the current step, and saves it. */
  pause(): void;
  /** Ends a run that is still being prepared. Nothing of a new run is kept. */
  cancel(): void;
  /**
   * Begins the shown run anew, after pausing it; it stays in the list. One that came from the setup takes the setup's numbers as they are
   * now, a kept one those that it began with.
   */
  startAgain(): void;
  /** Drops the part of the run that could not be saved. */
  discard(): void;
  setSwitches(switches: Partial<TrainingSwitches>): void;
  showCrops(wanted: boolean): void;
  /** Closes the view of a run that is at rest. The stored run stays. */
  close(): void;
}

type TrainRequest = TrainingContract['train']['request'];
type Ended = Result<TrainingContract['train']['result'], Failure>;

export interface RunConduct {
  readonly client: EngineClient;
  readonly app: AppStore;
  readonly store: TrainingStore;
  /** Called when the list of runs may have changed. */
  readonly onEnd: () => Promise<void>;
}

/** A new run from the setup; null if there are no photographs to train on. */
function newRun(
  app: AppStore,
  store: TrainingStore,
): { readonly request: Omit<TrainRequest & { kind: 'new' }, 'crops'>; readonly view: RunView } | null {
  const { setup } = store.getState();
  const { presetId, configuration, intervals } = setup;
  const chosen = chosenPhotographs(app.getState(), setup);
  if (chosen.photographs.length === 0) return null;
  const preset = presetOf(presetId);
  const model = preset.scratch ?? 'current';
  // The title names the network that learns, which may differ from the preset's network.
  const learner = app.getState().models.used?.description.title;
  const title = preset.scratch === null && learner !== undefined ? `Adapt ${learner}` : preset.title;
  const paths = chosen.photographs.map(({ blob }) => (blob instanceof File ? pathOfFile(blob) : ''));
  const level = classLevelOf(paths);
  const photographs = chosen.photographs.map(({ name, blob, className }, at) => ({
    name,
    blob,
    className: className === undefined ? classAt(paths[at] ?? '', level) : className,
  }));
  const names = photographs.map(({ name }) => name);
  return {
    request: { kind: 'new', title, model, configuration, photographs, pinned: chosen.pinned, intervals },
    view: {
      ...newRunView({ title, modelTitle: null, configuration, photographs: names }),
      isFromSetup: true,
    },
  };
}

/** The shown state of this run is kept until the run has resumed. */
function viewOfResumed(stored: StoredRun, run: RunView | null): RunView {
  const { title, modelTitle, configuration, photographs, id } = stored;
  const view = { ...newRunView({ title, modelTitle, configuration, photographs }), saved: stored };
  return run?.saved?.id === id ? { ...run, state: view.state, unsaved: null } : view;
}

class Conductor implements RunActions {
  private readonly conduct: RunConduct;
  private readonly announcer: RunAnnouncer;
  private readonly news = new RunNews((progress) => this.show(progress));
  private wantsCrops = false;
  /** Whether this window trains the run, so that the note about an open run is its own. */
  private isOpenHere = false;
  /** What begins when the run that goes on has paused: null for nothing, else the run of the setup or a kept one. */
  private nextRun: 'setup' | StoredRun | null = null;
  private preparing: AbortController | null = null;

  constructor(conduct: RunConduct) {
    this.conduct = conduct;
    this.announcer = new RunAnnouncer((text) => this.announce(text));
  }

  async start(): Promise<void> {
    if (this.isBusy()) return;
    const begun = newRun(this.conduct.app, this.conduct.store);
    if (begun === null) return;
    // Without persistent storage the browser may delete the run when the disk is full. The browser decides; the page can only ask.
    void navigator.storage?.persist?.().catch(() => false);
    await this.train({ ...begun.request, crops: this.wantsCrops }, begun.view);
  }

  async resume(stored: StoredRun): Promise<void> {
    if (this.isBusy()) return;
    const view = viewOfResumed(stored, this.conduct.store.getState().run);
    await this.train({ kind: 'resume', id: stored.id, crops: this.wantsCrops }, view);
  }

  pause(): void {
    if (!this.isTraining()) return;
    this.change((run) => ({ ...run, state: { status: 'pausing' } }));
    this.steer({ pause: true });
  }

  cancel(): void {
    this.change((run) => ({ ...run, state: { status: 'pausing' } }));
    this.preparing?.abort();
  }

  startAgain(): void {
    const { run } = this.conduct.store.getState();
    const next = run === null || run.isFromSetup ? 'setup' : run.saved;
    if (next === null) return;
    if (!this.isTraining()) {
      void this.beginAnew(next);
      return;
    }
    this.nextRun = next;
    this.pause();
  }

  discard(): void {
    this.steer({ discard: true });
  }

  setSwitches(switches: Partial<TrainingSwitches>): void {
    this.change((run) => ({ ...run, wanted: { ...run.wanted, ...switches } }));
    this.steer(switches);
  }

  showCrops(wanted: boolean): void {
    this.wantsCrops = wanted;
    this.steer({ crops: wanted });
  }

  close(): void {
    if (this.isTraining()) return;
    if (this.isOpenHere) forgetOpenRun();
    this.conduct.store.setState({ run: null });
  }

  private async train(request: TrainRequest, view: RunView): Promise<void> {
    this.news.forget();
    this.announcer.begin();
    this.isOpenHere = false;
    this.conduct.store.setState({ run: view });
    const controller = new AbortController();
    this.preparing = controller;
    const ended = await this.conduct.client.call('train', request, {
      signal: controller.signal,
      awaitsWorker: true,
      onProgress: (progress) => this.hear(progress),
      keepsWorkerBusy: true,
    });
    this.preparing = null;
    this.news.showWaiting();
    // A run that was refused here may be open in another window, which wrote the note.
    if (this.isOpenHere) {
      if (ended.ok && ended.value.how === 'paused')
        rememberOpenRun({ id: ended.value.run.id, isPaused: true });
      else forgetOpenRun();
    }
    this.end(ended, request.kind !== 'resume' && controller.signal.aborted);
    await this.conduct.onEnd();
    const next = ended.ok ? this.nextRun : null;
    this.nextRun = null;
    if (next !== null) await this.beginAnew(next);
  }

  private async beginAnew(run: 'setup' | StoredRun): Promise<void> {
    if (run === 'setup') return this.start();
    if (this.isBusy()) return;
    const { id, title, modelTitle, configuration, photographs, switches } = run;
    const { centring, sharpening } = switches[0] ?? configuration;
    const atFirst = { ...configuration, centring, sharpening };
    const view = newRunView({ title, modelTitle, configuration: atFirst, photographs });
    await this.train({ kind: 'again', id, crops: this.wantsCrops }, view);
  }

  /** @param leavesNothing true for a new run that was cancelled */
  private end(ended: Ended, leavesNothing: boolean): void {
    const { store } = this.conduct;
    if (ended.ok) {
      const { how, run: saved } = ended.value;
      this.change((run) => ({ ...run, saved, isSaving: false, state: { status: how } }));
      this.announce(
        how === 'finished'
          ? `Training has ended after ${saved.step} steps.`
          : `Paused at step ${saved.step}.`,
      );
    } else if (ended.error.code === 'cancelled' && leavesNothing) {
      store.setState({ run: null });
      this.announce('Cancelled.');
    } else this.fail(ended.error);
  }

  private fail(failure: Failure): void {
    // The engine was restarted for another model or back end. This is not an error, and the run is kept.
    const isInterrupted = failure.code === 'cancelled';
    this.change((run) => ({
      ...run,
      isSaving: false,
      state: isInterrupted && run.saved !== null ? { status: 'paused' } : { status: 'failed', failure },
    }));
    this.announce(`Training has stopped. ${describeFailure(failure)}`);
  }

  private hear(progress: TrainingProgress): void {
    if (progress.stage === 'ready') {
      this.isOpenHere = true;
      rememberOpenRun({ id: progress.run.id, isPaused: false });
    }
    this.news.add(progress);
  }

  private show(progress: TrainingProgress): void {
    this.change((run) => withProgress(run, progress));
    const { run } = this.conduct.store.getState();
    if (run !== null) this.announcer.tell(run, progress);
  }

  private isTraining(): boolean {
    const { run } = this.conduct.store.getState();
    return run !== null && !isAtRest(run);
  }

  private isBusy(): boolean {
    return this.isTraining() || this.conduct.store.getState().figure?.status === 'running';
  }

  private change(change: (run: RunView) => RunView): void {
    this.conduct.store.setState(({ run }) => (run === null ? {} : { run: change(run) }));
  }

  private steer(steering: TrainingContract['steer']['request']): void {
    void this.conduct.client.call('steer', steering);
  }

  private announce(text: string): void {
    this.conduct.app.getState().announce(text);
  }
}

export function createRunActions(conduct: RunConduct): RunActions {
  const conductor = new Conductor(conduct);
  return {
    start: () => conductor.start(),
    resume: (run) => conductor.resume(run),
    pause: () => conductor.pause(),
    cancel: () => conductor.cancel(),
    startAgain: () => conductor.startAgain(),
    discard: () => conductor.discard(),
    setSwitches: (switches) => conductor.setSwitches(switches),
    showCrops: (wanted) => conductor.showCrops(wanted),
    close: () => conductor.close(),
  };
}
