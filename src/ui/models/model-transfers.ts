/** Stores models in this browser: downloads, and copies of dropped files. The progress of each is in the store, and each can be stopped. */
import { describeFailure, type Failure } from '../../core/failure.ts';
import type { Result } from '../../core/result.ts';
import type { StoredModel, TransferProgress } from '../../rpc/library-contract.ts';
import type { AppStore } from '../state/app-store.ts';
import type { KeptModels } from './kept-models.ts';

interface TransferOptions {
  readonly signal: AbortSignal;
  readonly awaitsWorker: boolean;
  onProgress(progress: TransferProgress): void;
}

export class ModelTransfers {
  private readonly kept: KeptModels;
  private readonly store: AppStore;
  private readonly running = new Map<string, AbortController>();

  constructor(kept: KeptModels, store: AppStore) {
    this.kept = kept;
    this.store = store;
  }

  /** @returns the model; null if the transfer was stopped, failed, or was already running. A failure has been shown */
  async run(
    id: string,
    title: string,
    begin: (options: TransferOptions) => Promise<Result<StoredModel, Failure>>,
  ): Promise<StoredModel | null> {
    const { setTransfer, announce } = this.store.getState();
    if (this.running.has(id)) return null;
    const controller = new AbortController();
    this.running.set(id, controller);
    setTransfer(id, { status: 'running', progress: null });
    // Without persistent storage the browser may delete the model when the disk is full. The browser decides; the page can only ask.
    void navigator.storage?.persist?.().catch(() => false);
    const outcome = await begin({
      signal: controller.signal,
      // The download cannot be continued until the worker has released the file.
      awaitsWorker: true,
      onProgress: (progress) => {
        if (!controller.signal.aborted) setTransfer(id, { status: 'running', progress });
      },
    });
    this.running.delete(id);
    // The list is read first, so that the model is always in one of the two.
    await this.kept.read();
    if (outcome.ok || controller.signal.aborted) setTransfer(id, null);
    else {
      setTransfer(id, { status: 'failed', failure: outcome.error });
      announce(`${title}: ${describeFailure(outcome.error)}`);
    }
    return outcome.ok ? outcome.value : null;
  }

  /** The bytes that have arrived are kept. */
  cancel(id: string): void {
    this.running.get(id)?.abort();
    this.store.getState().announce('Stopped.');
  }
}
