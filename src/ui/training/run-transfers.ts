/** Runs on their way into a file and out of one. One at a time, with progress, and a way to end it. */
import { describeFailure, type Failure } from '../../core/failure.ts';
import { fail, type Result } from '../../core/result.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { ExportKind, StoredRun, TransferProgress } from '../../rpc/training-contract.ts';
import type { ModelLibrary } from '../models/model-library.ts';
import { saveFile } from '../kit/save-file.ts';
import type { AppStore } from '../state/app-store.ts';
import type { TrainingStore } from './training-state.ts';

interface RunTransfers {
  save(run: StoredRun, what: ExportKind): Promise<void>;
  use(run: StoredRun): Promise<void>;
  importRuns(files: readonly Blob[]): Promise<void>;
  cancel(): void;
}

const fileEndings: Readonly<Record<ExportKind, string>> = {
  teacher: 'teacher.safetensors',
  student: 'student.safetensors',
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

export function createRunTransfers(
  client: EngineClient,
  app: AppStore,
  library: ModelLibrary,
  store: TrainingStore,
): RunTransfers {
  let running: AbortController | null = null;
  const warn = (text: string): void => void app.getState().say(text, 'warning');

  /** @param words what goes on, for the person @returns what the call gave, or 'cancelled' */
  const during = async <T>(
    words: string,
    call: (options: TransferOptions) => Promise<Result<T, Failure>>,
  ): Promise<Result<T, Failure>> => {
    if (running !== null) {
      warn('Another run is on its way. Wait for it, or cancel it.');
      return fail({ code: 'cancelled' });
    }
    const controller = new AbortController();
    running = controller;
    store.setState({ transfer: { words, progress: null } });
    const outcome = await call({
      signal: controller.signal,
      awaitsWorker: true,
      onProgress: (progress) => store.setState({ transfer: { words, progress } }),
    });
    running = null;
    store.setState({ transfer: null });
    if (controller.signal.aborted && !outcome.ok) app.getState().announce('Cancelled.');
    return outcome;
  };

  /** @returns null where there is nothing to hand on; a failure has been told */
  const exported = async (run: StoredRun, what: ExportKind) => {
    const outcome = await during(`Getting ${run.title} ready`, (options) =>
      client.call('exportRun', { id: run.id, what }, options),
    );
    if (outcome.ok) return outcome.value;
    if (outcome.error.code !== 'cancelled') warn(`${run.title}: ${describeFailure(outcome.error)}`);
    return null;
  };

  return {
    async save(run, what) {
      const file = await exported(run, what);
      if (file === null) return;
      saveFile(file.file, `${plainName(runName(run, file.step))}.${fileEndings[what]}`);
    },

    async use(run) {
      const file = await exported(run, 'teacher');
      if (file === null) return;
      const title = runName(run, file.step);
      library.addDropped([
        {
          title,
          kind: 'checkpoint',
          files: new Map([[`${plainName(title)}.safetensors`, file.file]]),
          hints: {},
        },
      ]);
    },

    async importRuns(files) {
      for (const file of files) {
        const outcome = await during('Taking in a run', (options) =>
          client.call('importRun', { file }, options),
        );
        if (!outcome.ok && outcome.error.code === 'cancelled') return;
        if (!outcome.ok) {
          warn(describeFailure(outcome.error));
          continue;
        }
        app.getState().say(`${outcome.value.title}, step ${outcome.value.step}, is taken in and can go on.`);
        app.getState().setPlace('training');
      }
    },

    cancel: () => running?.abort(),
  };
}
