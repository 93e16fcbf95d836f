/**
 * The browser's origin-private file system. Files are written by synchronous access handles, in a worker; streams to
 * a file are younger, and several browsers lack them. WebKitGTK lacks the handles too, and some windows refuse only
 * when something is written, so one byte is written as a test first.
 */
import { FailureError, type Failure, type KeptBytes } from '../core/failure.ts';
import type { NotKept } from '../core/not-kept.ts';
import { askHandle } from './ask-handle.ts';
import { createMemoryStorage, type FileStorage, type OpenFile } from './file-storage.ts';
import { withTimeout } from './with-timeout.ts';

const isNamed = (error: unknown, name: string): boolean =>
  error instanceof DOMException && error.name === name;

type Folder = FileSystemDirectoryHandle;

/** Gives the failure for an error of the storage. */
type Explain = (error: unknown) => FailureError;

/** @param busy the failure where another window has the file open */
const explainBy =
  (busy: Failure): Explain =>
  (error) => {
    if (error instanceof FailureError) return error;
    if (isNamed(error, 'QuotaExceededError'))
      return new FailureError({ code: 'storage-full', neededBytes: null, freeBytes: null });
    if (isNamed(error, 'NoModificationAllowedError')) return new FailureError(busy);
    return new FailureError({
      code: 'storage-failed',
      problem: error instanceof Error ? error.message : String(error),
    });
  };

/** What the storage does not do within this time, ms, fails: whoever waits for it can neither go on nor cancel. */
const answerMs = 30_000;

/** Nothing there is null; all else, also no answer, is a failure of the storage. */
async function orNull<T>(promise: Promise<T>, explain: Explain): Promise<T | null> {
  try {
    return await withTimeout(promise, answerMs);
  } catch (error) {
    if (isNamed(error, 'NotFoundError')) return null;
    throw explain(error);
  }
}

function openFileOf(handle: FileSystemSyncAccessHandle, explain: Explain): OpenFile {
  const guarded =
    <A extends unknown[], T>(work: (...args: A) => T) =>
    (...args: A): T => {
      try {
        return work(...args);
      } catch (error) {
        throw explain(error);
      }
    };
  return {
    write: guarded((bytes, at) => {
      // A full disk may take a part and say so only by its number.
      let written = 0;
      while (written < bytes.byteLength) {
        const count = handle.write(bytes.subarray(written), { at: at + written });
        if (count <= 0) throw new FailureError({ code: 'storage-full', neededBytes: null, freeBytes: null });
        written += count;
      }
    }),
    truncate: guarded((byteLength) => handle.truncate(byteLength)),
    flush: guarded(() => handle.flush()),
    close: () => handle.close(),
  };
}

/** One byte, in a file that nobody else has. */
async function writeProbe(root: Folder): Promise<void> {
  const name = `probe-${Math.random().toString(36).slice(2)}`;
  const file = await root.getFileHandle(name, { create: true });
  try {
    const handle = await askHandle(file, (own) => own.createSyncAccessHandle());
    try {
      if (handle.write(Uint8Array.of(1), { at: 0 }) !== 1) throw new Error('nothing was written');
    } finally {
      handle.close();
    }
  } finally {
    await root.removeEntry(name).catch(() => undefined);
  }
}

async function namesIn(root: Folder): Promise<string[]> {
  const list = async (): Promise<string[]> => {
    const names: string[] = [];
    for await (const [name, handle] of root) if (handle.kind === 'directory') names.push(name);
    return names;
  };
  return withTimeout(list(), answerMs);
}

/** @returns the folder of that name, or why nothing is kept in it */
async function openRoot(folderName: string): Promise<Folder | NotKept> {
  if (!globalThis.isSecureContext) return 'insecure';
  // Typed as always there.
  const storage = navigator.storage as Partial<StorageManager> | undefined;
  if (storage?.getDirectory === undefined || !('FileSystemFileHandle' in globalThis)) return 'unsupported';
  if (!('createSyncAccessHandle' in FileSystemFileHandle.prototype)) return 'unsupported';
  let root: Folder;
  try {
    const find = storage
      .getDirectory()
      .then((home) => askHandle(home, (own) => own.getDirectoryHandle(folderName, { create: true })));
    root = await withTimeout(find, answerMs);
  } catch {
    return 'refused';
  }
  try {
    await withTimeout(writeProbe(root), answerMs);
    return root;
  } catch {
    // Files from before can still be read, as on a full disk; writing fails.
    const names = await namesIn(root).catch(() => []);
    return names.length > 0 ? root : 'refused';
  }
}

function opfsStorage(root: Folder, explain: Explain): FileStorage {
  const folderOf = (model: string): Promise<Folder | null> => orNull(root.getDirectoryHandle(model), explain);
  return {
    notKept: null,
    open: async (model, file) => {
      let step = 'its folder was opened';
      const opening = (async () => {
        const folder = await root.getDirectoryHandle(model, { create: true });
        step = 'a file was made';
        const handle = await askHandle(folder, (own) => own.getFileHandle(file, { create: true }));
        step = 'a file was opened';
        return askHandle(handle, (own) => own.createSyncAccessHandle());
      })();
      try {
        return openFileOf(await withTimeout(opening, answerMs, () => ` when ${step}`), explain);
      } catch (error) {
        // One that is opened after all would keep everyone else from the file.
        void opening.then((handle) => handle.close()).catch(() => undefined);
        throw explain(error);
      }
    },
    read: async (model, file) => {
      const folder = await folderOf(model);
      const find = (own: Folder) => own.getFileHandle(file);
      const handle = folder === null ? null : await orNull(askHandle(folder, find), explain);
      return handle === null
        ? null
        : orNull(
            askHandle(handle, (own) => own.getFile()),
            explain,
          );
    },
    removeFile: async (model, file) => {
      const folder = await folderOf(model);
      const remove = (own: Folder): Promise<void> => own.removeEntry(file);
      if (folder !== null) await orNull(askHandle(folder, remove), explain);
    },
    remove: async (model) => void (await orNull(root.removeEntry(model, { recursive: true }), explain)),
    list: () =>
      namesIn(root).catch((error: unknown) => {
        throw explain(error);
      }),
  };
}

/**
 * The browser's file system where it works, otherwise memory, with the reason.
 * @param folderName the folder in which all others lie
 * @param busy the failure where another window writes the same file
 */
export async function openStorage(folderName: keyof KeptBytes, busy: Failure): Promise<FileStorage> {
  const root = await openRoot(folderName);
  return typeof root === 'string' ? createMemoryStorage(root) : opfsStorage(root, explainBy(busy));
}
