/**
 * Training, as the page asks the engine's worker for it. Types only. One run at a time; photographs are looked at between its
 * steps. A run is kept in the browser, photographs and all, and goes on from there.
 */
import type { NotKept } from '../core/not-kept.ts';
import type { VitArchitecture } from '../core/architecture.ts';
import type { Failure } from '../core/failure.ts';
import type { Box, Size } from '../core/geometry.ts';
import type {
  KernelCheck,
  StepReport,
  SwitchMark,
  TrainingConfiguration,
  TrainingSwitches,
} from '../core/training.ts';

/** 'current' adapts the model in use; an architecture is trained from values drawn by the seed. */
export type TrainingStart = 'current' | VitArchitecture;

/** A run as it is kept: all that is known of it without its tensors. */
export interface StoredRun {
  readonly id: string;
  readonly title: string;
  /** Of the model that it began with. */
  readonly modelTitle: string;
  readonly configuration: TrainingConfiguration;
  /** Steps that are in the kept state. */
  readonly step: number;
  readonly photographs: readonly string[];
  /** Index of the photograph whose maps are taken as the run goes on. */
  readonly pinned: number;
  readonly switches: readonly SwitchMark[];
  readonly intervals: TrainingIntervals;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly savedAt: string;
  readonly byteLength: number;
}

/** Kept by another version of this page, or damaged: nobody deletes it but the person. */
export interface UnreadableRun {
  readonly id: string;
  /** Where that much can be read. */
  readonly title: string | null;
}

export interface RunList {
  readonly runs: readonly StoredRun[];
  readonly unreadable: readonly UnreadableRun[];
  /** Why the browser keeps no files: a run lasts as long as the visit then. Null where it keeps them. */
  readonly notKept: NotKept | null;
}

/** Both networks' attention on the pinned photograph after so many steps; shapes [numHeads, rows, columns]. */
export interface MapSnapshot {
  readonly step: number;
  /** How often the teacher tells the classes of the run's own photographs, each by the others; null where they have none. */
  readonly knnAccuracy: number | null;
  readonly teacher: Float32Array<ArrayBuffer>;
  readonly student: Float32Array<ArrayBuffer>;
}

/** The photograph that is pinned, as small as the run keeps it, and how its maps lie on it. */
export interface PinnedPhotograph {
  readonly size: Size;
  /** RGB, shape [size.height, size.width, 3] */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  readonly box: Box;
  readonly inputSizePx: Size;
  readonly rows: number;
  readonly columns: number;
  readonly numHeads: number;
}

export interface CropView extends Size {
  readonly kind: 'global-1' | 'global-2' | 'local';
  /** Index of its photograph. */
  readonly photograph: number;
  /** RGB, shape [height, width, 3] */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

export type TrainingProgress =
  | { readonly stage: 'photographs'; readonly done: number; readonly total: number }
  | { readonly stage: 'model' }
  /** Whether training computes here what it should; once in the engine's life. */
  | { readonly stage: 'check' }
  /** The run stands ready; of one that goes on, with all that it has measured before. */
  | {
      readonly stage: 'ready';
      readonly run: StoredRun;
      readonly kernelCheck: KernelCheck;
      readonly isKept: boolean;
      readonly pinned: PinnedPhotograph;
      readonly reports: readonly StepReport[];
      readonly snapshots: readonly MapSnapshot[];
    }
  | {
      readonly stage: 'step';
      readonly report: StepReport;
      /** Of all tensors on the device, the networks' and what tfjs keeps for the next step. */
      readonly memoryBytes: number;
    }
  /** Only while they are asked for, and a few times a second at most. */
  | { readonly stage: 'crops'; readonly step: number; readonly crops: readonly CropView[] }
  /** `kept` are the steps whose maps are kept now: with time they are thinned out. */
  | { readonly stage: 'maps'; readonly snapshot: MapSnapshot; readonly kept: readonly number[] }
  | { readonly stage: 'switched'; readonly mark: SwitchMark }
  | { readonly stage: 'saving' }
  | { readonly stage: 'saved'; readonly run: StoredRun }
  /**
   * What was saved before stays. A run that is at its end, or was to pause, waits: its networks are in memory alone, and `exportRun` gives
   * them. Any other goes on.
   */
  | { readonly stage: 'unsaved'; readonly failure: Failure; readonly waits: boolean };

/** How much of a run's files has been gone through, on its way out or in. */
export interface TransferProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** 'start': what a run from scratch began with, as its seed drew it. */
export type ExportKind = 'teacher' | 'student' | 'start' | 'run' | 'log';

export interface TrainingPlan {
  readonly parameterBytes: number;
  readonly activationBytes: number;
  readonly totalBytes: number;
  /** Why the run cannot start; none where it can. */
  readonly problems: readonly string[];
}

/** How often a run is saved and its maps are taken, in steps. */
export interface TrainingIntervals {
  readonly saveEvery: number;
  readonly mapsEvery: number;
}

export interface TrainingContract {
  /** What a run would take, before it starts. */
  planTraining: {
    request: { readonly model: TrainingStart; readonly configuration: TrainingConfiguration };
    progress: never;
    result: TrainingPlan;
  };
  /**
   * Trains until the configured length or until `steer` ends it, saving every few steps and at the end. Where the last save fails, it
   * waits: `steer` has it tried again by another pause, or the run discarded. An abort ends it too, and saves nothing. A loss that is not finite ends it as 'training-diverged', after saving the last good state.
   */
  train: {
    request: { readonly crops: boolean } & (
      | {
          readonly kind: 'new';
          readonly title: string;
          readonly model: TrainingStart;
          readonly configuration: TrainingConfiguration;
          readonly photographs: readonly {
            readonly name: string;
            readonly blob: Blob;
            /** The folder that it came in; null, or left out, where it came in none. */
            readonly className?: string | null;
          }[];
          readonly pinned: number;
          readonly intervals: TrainingIntervals;
        }
      | { readonly kind: 'resume'; readonly id: string }
      /** A new run that begins as a kept one began, on its photographs; one that adapted a model, with the model in use. */
      | { readonly kind: 'again'; readonly id: string }
    );
    progress: TrainingProgress;
    result: { readonly how: 'finished' | 'paused'; readonly run: StoredRun };
  };
  /** Acts on the run that goes on, from its next step on; nothing happens where there is none. */
  steer: {
    request: Partial<TrainingSwitches> & {
      readonly pause?: true;
      /** Gives up what could not be saved. */
      readonly discard?: true;
      readonly crops?: boolean;
    };
    progress: never;
    result: Record<string, never>;
  };
  listRuns: { request: Record<string, never>; progress: never; result: RunList };
  /**
   * A network by the official names as safetensors, the whole run as a zip archive, or the reports as JSON lines: of the run that
   * trains as it is now, of others as they were saved.
   */
  exportRun: {
    request: { readonly id: string; readonly what: ExportKind };
    progress: TransferProgress;
    result: { readonly file: Blob; readonly step: number };
  };
  /** Takes in what `exportRun` has made of a whole run, as a run of its own; of one that is cancelled nothing stays. */
  importRun: { request: { readonly file: Blob }; progress: TransferProgress; result: StoredRun };
  deleteRun: { request: { readonly id: string }; progress: never; result: RunList };
}
