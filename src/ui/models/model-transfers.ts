/** Models on their way into this browser: downloads, and copies of dropped files. Each has its progress in the store, and can be stopped. */
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

  /** @returns the model, or null where it was stopped, failed, or is on its way already; a failure has been told */
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
    // Without it the browser may throw the model out when the disk fills. It decides by itself; we can only ask.
    void navigator.storage?.persist?.().catch(() => false);
    const outcome = await begin({
      signal: controller.signal,
      // Until it has let go of the file, nobody can go on with it.
      awaitsWorker: true,
      onProgress: (progress) => {
        if (!controller.signal.aborted) setTransfer(id, { status: 'running', progress });
      },
    });
    this.running.delete(id);
    // The list first: between the two there would be a moment in which the model is nowhere.
    await this.kept.read();
    if (outcome.ok || controller.signal.aborted) setTransfer(id, null);
    else {
      setTransfer(id, { status: 'failed', failure: outcome.error });
      announce(`${title}: ${describeFailure(outcome.error)}`);
    }
    return outcome.ok ? outcome.value : null;
  }

  /** What came is kept. */
  cancel(id: string): void {
    this.running.get(id)?.abort();
    this.store.getState().announce('Stopped.');
  }
}
