/** The worker that downloads models and keeps them: apart from the engine's, so that neither ends with the other. */
import { catalogue } from '../catalogue/catalogue.ts';
import { isFinalFailure } from '../core/failure.ts';
import { inUseLockOf } from '../core/model-locks.ts';
import { downloadModel, type DownloadTools } from '../library/download.ts';
import { keepFiles } from '../library/keep-files.ts';
import type { FileStorage } from '../library/file-storage.ts';
import { openStorage } from '../library/opfs-storage.ts';
import { freeBytes, tellFullStorage } from '../library/tell-full-storage.ts';
import { listModels, openStored } from '../library/records.ts';
import type { LibraryContents, LibraryContract } from '../rpc/library-contract.ts';
import { removeLeftovers, withLock } from './with-lock.ts';
import { crashed, outcomeOf, serveCalls, type Handlers } from '../rpc/serve-calls.ts';

/** A window that uses a model has its lock all the time, so there is nothing to wait for but a window that was just closed. */
const inUseWaitMs = 300;

const lockOf = (id: string): string => `model-${id}`;

const locked = <T>(id: string, work: () => Promise<T>): Promise<T> =>
  withLock(lockOf(id), { code: 'model-busy' }, () =>
    work().catch(async (error: unknown) => {
      throw await tellFullStorage(error);
    }),
  );

async function contentsOf(folders: FileStorage): Promise<LibraryContents> {
  const { stored, partial, remains } = await listModels(folders);
  await removeLeftovers(remains, {
    lockOf,
    find: async () => (await listModels(folders)).remains,
    remove: (id) => folders.remove(id),
  });
  const { notKept } = folders;
  return { stored, partial, notKept, freeBytes: notKept === null ? await freeBytes() : null };
}

const toolsFor = (folders: FileStorage): DownloadTools => ({
  folders,
  fetch: (...args) => fetch(...args),
  now: () => performance.now(),
  timeoutMs: 30_000,
  freeBytes: () => (folders.notKept === null ? freeBytes() : Promise.resolve(null)),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  today: () => new Date(),
});

const createLibraryHandlers = (folders: Promise<FileStorage>): Handlers<LibraryContract> => ({
  list: (_, context) => outcomeOf(context, async () => contentsOf(await folders)),

  download: ({ id }, context) =>
    outcomeOf(context, async () => {
      const entry = catalogue.models.find((model) => model.id === id);
      if (entry === undefined) throw new Error(`the catalogue has no ${id}`);
      const tools = toolsFor(await folders);
      return locked(id, () => downloadModel(entry, tools, context.signal, context.onProgress));
    }),

  keep: (request, context) =>
    outcomeOf(context, async () => {
      const tools = toolsFor(await folders);
      return locked(request.id, () => keepFiles(request, tools, context.signal, context.onProgress));
    }),

  open: ({ id }, context) => outcomeOf(context, async () => openStored(await folders, id)),

  remove: ({ id }, context) =>
    outcomeOf(context, async () => {
      const opened = await folders;
      // A window that computes with it reads it again when its engine is lost.
      const remove = (): Promise<void> => opened.remove(id);
      await locked(id, () => withLock(inUseLockOf(id), { code: 'model-in-use' }, remove, inUseWaitMs));
      return contentsOf(opened);
    }),
});

/** Answers the calls of the page from now on. */
export function serveLibrary(): void {
  const folders = openStorage('models', { code: 'model-busy' });
  serveCalls<LibraryContract>(createLibraryHandlers(folders), {
    oneByOne: [],
    isFinal: (_, failure) => isFinalFailure(failure),
    transferablesOf: () => [],
    failureOfCrash: crashed,
  });
}
