/** The models that are stored in this browser: their list in the store, and the worker that stores them. */
import type { Failure } from '../../core/failure.ts';
import { type Result, succeed } from '../../core/result.ts';
import type { LibraryClient } from '../../rpc/library-client.ts';
import type { LibraryContents } from '../../rpc/library-contract.ts';
import type { AppStore } from '../state/app-store.ts';
import type { ChosenModel } from '../state/model-choice.ts';
import { storedModel } from './chosen-model.ts';

export class KeptModels {
  private readonly connect: () => LibraryClient;
  private readonly store: AppStore;
  private connected: LibraryClient | null = null;

  /** @param connect makes the client when it is first needed. With the embedded model it may never be needed */
  constructor(connect: () => LibraryClient, store: AppStore) {
    this.connect = connect;
    this.store = store;
  }

  get client(): LibraryClient {
    if (this.connected !== null) return this.connected;
    const made = this.connect();
    // The open calls have failed and report it; what was written stays. A new worker is started only at the next call: an automatic
    // restart would request a missing script for ever.
    made.onGone(() => {
      if (this.connected === made) this.connected = null;
    });
    this.connected = made;
    return made;
  }

  show({ stored, partial, notKept, freeBytes }: LibraryContents): void {
    const { changeLibrary } = this.store.getState();
    changeLibrary({ status: 'read', failure: null, stored, partial, notKept, freeBytes });
  }

  async read(): Promise<void> {
    const outcome = await this.client.call('list', {});
    if (outcome.ok) this.show(outcome.value);
    else this.store.getState().changeLibrary({ status: 'failed', failure: outcome.error });
  }

  async open(id: string): Promise<Result<ChosenModel, Failure>> {
    const outcome = await this.client.call('open', { id });
    return outcome.ok ? succeed(storedModel(outcome.value.model, outcome.value.files)) : outcome;
  }
}
