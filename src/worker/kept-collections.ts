/**
 * The collections of the worker. One is in memory at a time, and the one that photographs are being gathered into. Whoever changes one
 * holds its lock, so that two windows never write the same files.
 */
import { FailureError } from '../core/failure.ts';
import { collectionLock } from '../core/model-locks.ts';
import { listCollections } from '../library/collection-store.ts';
import type { FileStorage } from '../library/file-storage.ts';
import { KeptCollection } from '../library/kept-collection.ts';
import { tellFullStorage } from '../library/tell-full-storage.ts';
import { createSerialQueue } from '../rpc/serial-queue.ts';
import type { CollectionList } from '../rpc/recognise-contract.ts';
import { removeLeftovers, takeLock } from './with-lock.ts';

const busy = { code: 'collection-busy' } as const;

export class KeptCollections {
  private readonly folders: Promise<FileStorage>;
  /** Changes come one after the other; a gathering only begins and ends in it. */
  private readonly inTurn = createSerialQueue();
  /** Whoever asks first has it first. */
  private readonly openInTurn = createSerialQueue();
  private held: KeptCollection | null = null;
  /** Its lock is held for as long. */
  private gathered: KeptCollection | null = null;

  constructor(folders: Promise<FileStorage>) {
    this.folders = folders;
  }

  async list(): Promise<CollectionList> {
    const folders = await this.folders;
    const { collections, unreadable, unfinished } = await listCollections(folders);
    await removeLeftovers(unfinished, {
      lockOf: collectionLock,
      find: async () => (await listCollections(folders)).unfinished,
      remove: (id) => folders.remove(id),
    });
    return { collections, unreadable, notKept: folders.notKept };
  }

  /** As it is kept now. @throws FailureError 'collection-not-kept' */
  open(id: string): Promise<KeptCollection> {
    return this.openInTurn(() => this.openNow(id));
  }

  private async openNow(id: string): Promise<KeptCollection> {
    const { gathered } = this;
    if (gathered?.id === id) return gathered;
    if (this.held?.id === id && (await this.held.isCurrent())) return this.held;
    this.held = null;
    const opened = await KeptCollection.open(await this.folders, id);
    this.held = opened;
    return opened;
  }

  /** @throws FailureError 'collection-busy', 'collection-not-kept', 'storage-full' and the like */
  change<T>(id: string, work: (collection: KeptCollection) => Promise<T>): Promise<T> {
    return this.inTurn(async () => {
      const isGathered = this.gathered?.id === id;
      const release = isGathered ? () => undefined : await takeLock(collectionLock(id), busy);
      try {
        return await work(await this.open(id));
      } catch (error) {
        throw await tellFullStorage(error);
      } finally {
        release();
      }
    });
  }

  /** Changes that no gathering goes beside. @throws FailureError as `change` */
  changeAlone<T>(id: string, work: (collection: KeptCollection) => Promise<T>): Promise<T> {
    return this.change(id, (collection) => {
      if (this.gathered?.id === id) throw new FailureError(busy);
      return work(collection);
    });
  }

  async remove(id: string): Promise<void> {
    const folders = await this.folders;
    await this.inTurn(async () => {
      if (this.gathered?.id === id) throw new FailureError(busy);
      const release = await takeLock(collectionLock(id), busy);
      try {
        if (this.held?.id === id) this.held = null;
        await folders.remove(id);
      } finally {
        release();
      }
    });
  }

  /**
   * Holds the lock while photographs are gathered; other changes of the same collection go on beside it.
   * @param open makes the collection, or opens it
   * @throws FailureError as `change`; 'collection-busy' too where photographs are gathered already
   */
  async gather<T>(
    id: string,
    open: (folders: FileStorage) => Promise<KeptCollection>,
    work: (collection: KeptCollection) => Promise<T>,
  ): Promise<T> {
    const folders = await this.folders;
    const { collection, release } = await this.inTurn(async () => {
      if (this.gathered !== null) throw new FailureError(busy);
      const free = await takeLock(collectionLock(id), busy);
      try {
        this.gathered = await open(folders);
      } catch (error) {
        free();
        throw await tellFullStorage(error);
      }
      return { collection: this.gathered, release: free };
    });
    try {
      return await collection.whileOpen(() => work(collection));
    } catch (error) {
      throw await tellFullStorage(error);
    } finally {
      await this.inTurn(() => {
        this.held = collection;
        this.gathered = null;
        release();
        return Promise.resolve();
      });
    }
  }
}
