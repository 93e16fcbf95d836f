/** The entry of the worker that downloads models and keeps them: beside the engine, so that neither takes the other down. */
import { catalogue } from '../catalogue/catalogue.ts';
import { failureOf, isFinalFailure } from '../core/failure.ts';
import { downloadModel, type DownloadTools } from '../library/download.ts';
import { keepFiles } from '../library/keep-files.ts';
import { createMemoryFolders, type ModelFolders } from '../library/model-folders.ts';
import { openOpfsFolders } from '../library/opfs-folders.ts';
import { listModels, openStored } from '../library/records.ts';
import type { LibraryContents, LibraryContract } from '../rpc/library-contract.ts';
import { withLock } from './with-lock.ts';
import { crashed, outcomeOf, serveCalls, type Handlers } from '../rpc/serve-calls.ts';

const folders: Promise<ModelFolders> = openOpfsFolders('models').then(
  (opened) => opened ?? createMemoryFolders(),
);

async function freeBytes(): Promise<number | null> {
  const { quota, usage } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
  return quota === undefined || usage === undefined ? null : Math.max(0, quota - usage);
}

async function tools(): Promise<DownloadTools> {
  const opened = await folders;
  return {
    folders: opened,
    fetch: (...args) => fetch(...args),
    now: () => performance.now(),
    patienceMs: 30_000,
    freeBytes: () => (opened.isKept ? freeBytes() : Promise.resolve(null)),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    today: () => new Date(),
  };
}

const locked = <T>(id: string, work: () => Promise<T>): Promise<T> =>
  withLock(`model-${id}`, { code: 'model-busy' }, work);

/** Bytes that nobody will ask for again. What another window is just copying looks the same, and its lock tells. */
async function clearAway(opened: ModelFolders, id: string): Promise<void> {
  if (!('locks' in navigator)) return;
  try {
    await locked(id, () => opened.remove(id));
  } catch (error) {
    if (failureOf(error) === null) throw error;
  }
}

async function contents(): Promise<LibraryContents> {
  const opened = await folders;
  const { stored, partial, remains } = await listModels(opened);
  await Promise.all(remains.map((id) => clearAway(opened, id)));
  return { stored, partial, isKept: opened.isKept, freeBytes: opened.isKept ? await freeBytes() : null };
}

const handlers: Handlers<LibraryContract> = {
  list: (_, context) => outcomeOf(context, contents),

  download: ({ id }, context) =>
    outcomeOf(context, async () => {
      const entry = catalogue.models.find((model) => model.id === id);
      if (entry === undefined) throw new Error(`the catalogue has no ${id}`);
      const used = await tools();
      return locked(id, () => downloadModel(entry, used, context.signal, context.onProgress));
    }),

  keep: (request, context) =>
    outcomeOf(context, async () => {
      const used = await tools();
      return locked(request.id, () => keepFiles(request, used, context.signal, context.onProgress));
    }),

  open: ({ id }, context) => outcomeOf(context, async () => openStored(await folders, id)),

  remove: ({ id }, context) =>
    outcomeOf(context, async () => {
      await locked(id, async () => (await folders).remove(id));
      return contents();
    }),
};

serveCalls<LibraryContract>(handlers, {
  oneByOne: [],
  isFinal: (_, failure) => isFinalFailure(failure),
  transferablesOf: () => [],
  failureOfCrash: crashed,
});
