/** Exports runs to files and imports them. One transfer at a time, with progress; it can be cancelled. */
import { describeFailure, type Failure } from '../../core/failure.ts';
import { fail, type Result } from '../../core/result.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { ExportKind, StoredRun, TransferProgress } from '../../rpc/training-contract.ts';
import type { ModelLibrary } from '../models/model-library.ts';
import { saveFile } from '../kit/save-file.ts';
import type { AppStore } from '../state/app-store.ts';
import { createRunModels, type RunModels } from './run-models.ts';
import type { TrainingStore } from './training-state.ts';

export interface RunTransfers extends RunModels {
  save(run: StoredRun, what: ExportKind): Promise<void>;
  /** Makes the trained teacher the page's model, and opens the viewer. */
  use(run: StoredRun): Promise<void>;
  importRuns(files: readonly Blob[]): Promise<void>;
  /** Cancels the running export or import; nothing of it is kept. */
  cancelTransfer(): void;
}

interface TransferTools {
  readonly client: EngineClient;
  readonly app: AppStore;
  readonly library: ModelLibrary;
  readonly store: TrainingStore;
  /** Called when the list of runs may have changed. */
  readonly onImported: () => Promise<void>;
}

const fileEndings: Readonly<Record<ExportKind, string>> = {
  teacher: 'teacher.safetensors',
  student: 'student.safetensors',
  start: 'start.safetensors',
  run: 'run.zip',
  log: 'log.jsonl',
};

const plainName = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-');

const runName = ({ title }: StoredRun, step: number): string => `${title} · step ${step}`;

interface TransferOptions {
  readonly signal: AbortSignal;
  readonly awaitsWorker: true;
  onProgress(progress: TransferProgress): void;
}

/** Runs one transfer at a time. The training view shows it and can cancel it. */
class Transfers {
  private readonly app: AppStore;
  private readonly store: TrainingStore;
  private running: AbortController | null = null;

  constructor(app: AppStore, store: TrainingStore) {
    this.app = app;
    this.store = store;
  }

  warn(text: string): void {
    this.app.getState().say(text, 'warning');
  }

  /** @param words describe the transfer on the page @returns the call's result, or 'cancelled' */
  async during<T>(
    words: string,
    call: (options: TransferOptions) => Promise<Result<T, Failure>>,
  ): Promise<Result<T, Failure>> {
    if (this.running !== null) {
      this.warn('Another run is on its way. Wait for it, or cancel it.');
      return fail({ code: 'cancelled' });
    }
    const controller = new AbortController();
    this.running = controller;
    this.store.setState({ transfer: { words, progress: null } });
    const outcome = await call({
      signal: controller.signal,
      awaitsWorker: true,
      onProgress: (progress) => this.store.setState({ transfer: { words, progress } }),
    });
    this.running = null;
    this.store.setState({ transfer: null });
    if (controller.signal.aborted && !outcome.ok) this.app.getState().announce('Cancelled.');
    return outcome;
  }

  cancel(): void {
    this.running?.abort();
  }
}

export function createRunTransfers({ client, app, library, store, onImported }: TransferTools): RunTransfers {
  const transfers = new Transfers(app, store);

  /** @returns null if the export failed or was cancelled; a failure has been shown */
  const exported = async (run: StoredRun, what: ExportKind) => {
    const outcome = await transfers.during(`Getting ${run.title} ready`, (options) =>
      client.call('exportRun', { id: run.id, what }, options),
    );
    if (outcome.ok) return outcome.value;
    if (outcome.error.code !== 'cancelled') transfers.warn(`${run.title}: ${describeFailure(outcome.error)}`);
    return null;
  };

  /** @returns false if it was cancelled; the files after it are then not imported either */
  const importRun = async (file: Blob): Promise<boolean> => {
    const outcome = await transfers.during('Taking in a run', (options) =>
      client.call('importRun', { file }, options),
    );
    if (!outcome.ok) {
      if (outcome.error.code === 'cancelled') return false;
      transfers.warn(describeFailure(outcome.error));
      return true;
    }
    const { title, step } = outcome.value;
    app.getState().say(`${title}, step ${step}, is taken in and can go on.`);
    app.getState().setScreen('training');
    return true;
  };

  return {
    ...createRunModels({ app, library, exported }),

    async save(run, what) {
      const file = await exported(run, what);
      if (file === null) return;
      saveFile(file.file, `${plainName(runName(run, file.step))}.${fileEndings[what]}`);
    },

    async use(run) {
      const file = await exported(run, 'teacher');
      if (file === null) return;
      const title = runName(run, file.step);
      const files = new Map([[`${plainName(title)}.safetensors`, file.file]]);
      library.addDropped([{ title, kind: 'checkpoint', files, hints: {} }]);
      app.getState().setScreen('viewer');
    },

    async importRuns(files) {
      for (const file of files) if (!(await importRun(file))) break;
      await onImported();
    },

    cancelTransfer: () => transfers.cancel(),
  };
}
