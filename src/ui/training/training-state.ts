/** The state of the training view: the setup, the shown run and the stored runs. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Condition } from '../../core/collapse-experiment.ts';
import type { Failure } from '../../core/failure.ts';
import type {
  KernelCheck,
  SwitchMark,
  TrainingConfiguration,
  TrainingSwitches,
} from '../../core/training.ts';
import { presetOf, type TrainingPresetId } from '../../core/training-presets.ts';
import {
  judgeTraining,
  swingWindow,
  type TrainingVerdict,
  type VerdictContext,
} from '../../core/training-verdict.ts';
import type {
  CropView,
  MapSnapshot,
  PinnedPhotograph,
  RunList,
  StoredRun,
  TrainingPlan,
  TrainingProgress,
  TrainingIntervals,
  TransferProgress,
} from '../../rpc/training-contract.ts';
import type { PhotoId } from '../state/photo.ts';
import { ReportLog } from './report-log.ts';

export interface TrainingSetup {
  readonly presetId: TrainingPresetId;
  readonly configuration: TrainingConfiguration;
  readonly intervals: TrainingIntervals;
  /** Photographs in the film strip that are not trained on. New photographs are trained on until they are left out. */
  readonly leftOut: ReadonlySet<PhotoId>;
  /** The photograph whose maps are computed during the run; null for the first one. */
  readonly pinnedId: PhotoId | null;
}

type RunStatus =
  | { readonly status: 'preparing'; readonly progress: TrainingProgress | null }
  | { readonly status: 'running' }
  | { readonly status: 'pausing' }
  | { readonly status: 'paused' }
  | { readonly status: 'finished' }
  /** Ended or paused, but not saved: its networks are only in memory. */
  | { readonly status: 'unsaved' }
  | { readonly status: 'failed'; readonly failure: Failure };

/** The run that is shown. */
export interface RunView {
  readonly title: string;
  readonly modelTitle: string | null;
  /** Null until the run is ready. */
  readonly kernelCheck: KernelCheck | null;
  readonly configuration: TrainingConfiguration;
  readonly state: RunStatus;
  readonly reports: ReportLog;
  readonly switches: readonly SwitchMark[];
  /** The switches that the person has set. The next step uses them and reports it. */
  readonly wanted: TrainingSwitches;
  readonly photographs: readonly string[];
  readonly pinned: PinnedPhotograph | null;
  readonly snapshots: readonly MapSnapshot[];
  readonly crops: { readonly step: number; readonly crops: readonly CropView[] } | null;
  readonly memoryBytes: number | null;
  /** The run as stored in the browser; null before the first save. */
  readonly saved: StoredRun | null;
  readonly isSaving: boolean;
  /** Why the last save failed. */
  readonly unsaved: Failure | null;
  readonly isKept: boolean;
  /** Whether it was begun from the setup as it is now, so that the same run can be begun again. */
  readonly isFromSetup: boolean;
}

/** A curve of the figure. */
export interface FigureTraining {
  /** Tells it from the others. */
  readonly id: string;
  readonly label: string;
  /** Null for a kept run, which may have been switched on its way. */
  readonly condition: Condition | null;
  readonly outputDim: number;
  readonly lastStep: number;
  readonly reports: ReportLog;
}

export interface FigureState {
  readonly status: 'running' | 'done' | 'cancelled' | 'failed';
  readonly failure: Failure | null;
  /** What it was drawn from, in words. */
  readonly source: string;
  readonly trainings: readonly FigureTraining[];
  /** How many trainings there will be. */
  readonly planned: number;
}

type PlanState =
  | { readonly status: 'unknown' }
  | { readonly status: 'known'; readonly plan: TrainingPlan }
  | { readonly status: 'failed'; readonly failure: Failure };

export interface TrainingState {
  readonly setup: TrainingSetup;
  readonly plan: PlanState;
  readonly run: RunView | null;
  /** Null before the list is first read, and when the listed runs were lost with their worker. */
  readonly list: RunList | null;
  /** Why the list could not be read. */
  readonly listFailure: Failure | null;
  /** The overlaid curves that are shown. */
  readonly figure: FigureState | null;
  /** A run that is being exported or imported; progress is null if only the end is known. */
  readonly transfer: { readonly words: string; readonly progress: TransferProgress | null } | null;
}

export type TrainingStore = StoreApi<TrainingState>;

export function setupOf(
  presetId: TrainingPresetId,
): Pick<TrainingSetup, 'presetId' | 'configuration' | 'intervals'> {
  const { configuration, intervals } = presetOf(presetId);
  return { presetId, configuration, intervals };
}

export const createTrainingStore = (): TrainingStore =>
  createStore<TrainingState>()(() => ({
    setup: { ...setupOf('collapse-in-a-minute'), leftOut: new Set(), pinnedId: null },
    plan: { status: 'unknown' },
    run: null,
    list: null,
    listFailure: null,
    figure: null,
    transfer: null,
  }));

/** Whether the run has stopped, so that nothing of it is on the device. */
export const isAtRest = ({ state: { status } }: RunView): boolean =>
  status === 'paused' || status === 'finished' || status === 'failed';

/** The view of a run before its first progress report. */
export const newRunView = (
  facts: Pick<RunView, 'title' | 'modelTitle' | 'configuration' | 'photographs'>,
): RunView => ({
  ...facts,
  state: { status: 'preparing', progress: null },
  kernelCheck: null,
  reports: ReportLog.of([], facts.configuration.steps),
  switches: [],
  wanted: { centring: facts.configuration.centring, sharpening: facts.configuration.sharpening },
  pinned: null,
  snapshots: [],
  crops: null,
  memoryBytes: null,
  saved: null,
  isSaving: false,
  unsaved: null,
  isKept: true,
  isFromSetup: false,
});

/** @returns the run's view after a progress report */
export function withProgress(run: RunView, progress: TrainingProgress): RunView {
  switch (progress.stage) {
    case 'photographs':
    case 'model':
    case 'check':
      // A late report does not undo a requested pause.
      return run.state.status === 'pausing' ? run : { ...run, state: { status: 'preparing', progress } };
    case 'ready': {
      const { run: stored, kernelCheck, isKept, pinned, reports, snapshots } = progress;
      const { title, modelTitle, configuration, switches, photographs } = stored;
      const { centring, sharpening } = configuration;
      return {
        ...run,
        title,
        modelTitle,
        configuration,
        switches,
        photographs,
        kernelCheck,
        isKept,
        pinned,
        reports: ReportLog.of(reports, configuration.steps),
        snapshots,
        wanted: { centring, sharpening },
        state: run.state.status === 'pausing' ? run.state : { status: 'running' },
      };
    }
    case 'step':
      return { ...run, reports: run.reports.with(progress.report), memoryBytes: progress.memoryBytes };
    case 'crops':
      return { ...run, crops: { step: progress.step, crops: progress.crops } };
    case 'maps': {
      const all = [...run.snapshots.filter(({ step }) => step !== progress.snapshot.step), progress.snapshot];
      return { ...run, snapshots: all.filter(({ step }) => progress.kept.includes(step)) };
    }
    case 'switched': {
      const { mark } = progress;
      const { centring, sharpening } = mark;
      // Switches that were changed during the preparation are reported here for the first time.
      return { ...run, switches: [...run.switches, mark], wanted: { centring, sharpening } };
    }
    case 'saving':
      return { ...run, isSaving: true };
    case 'saved':
      return { ...run, isSaving: false, saved: progress.run, unsaved: null };
    case 'unsaved':
      return {
        ...run,
        isSaving: false,
        unsaved: progress.failure,
        state: progress.waits ? { status: 'unsaved' } : run.state,
      };
  }
}

/** The step that the run has reached. Before a kept run goes on, that is where it was saved: its reports come when it stands ready. */
export const stepOf = ({ reports, saved }: RunView): number => reports.last?.step ?? saved?.step ?? 0;

/**
 * The verdict from the curves. A divergence is not in the curves, since a failed step makes no report.
 * @returns null for a kept run whose curves have not been read
 */
export function verdictOf(run: RunView): TrainingVerdict | null {
  const { state, reports, configuration } = run;
  if (state.status === 'failed' && state.failure.code === 'training-diverged') return { kind: 'diverged' };
  if (reports.length === 0 && stepOf(run) > 0) return null;
  return judgeTraining(reports.tail(swingWindow), configuration.outputDim);
}

/** What the verdict's sentence says besides. */
export function verdictContextOf(run: RunView): VerdictContext {
  const { reports, configuration, wanted, switches } = run;
  const { outputDim, freezeLastLayerSteps, learningRate, batchSize, warmupSteps } = configuration;
  const step = stepOf(run);
  const peak = (learningRate * batchSize) / 256;
  const rate = reports.last?.learningRate ?? peak;
  return {
    step,
    freezeLastLayerSteps,
    outputDim,
    switches: wanted,
    spells: switches,
    // During the warm-up the rate is small because it has not begun.
    rateShare: step <= warmupSteps || peak === 0 ? 1 : rate / peak,
  };
}
