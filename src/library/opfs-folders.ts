/**
 * The browser's origin-private file system. Files are written by synchronous access handles, which every browser has in a
 * worker; streams to a file are younger, and Safari lacks them.
 */
import { FailureError } from '../core/failure.ts';
import type { ModelFolders, OpenFile } from './model-folders.ts';

const isNamed = (error: unknown, name: string): boolean =>
  error instanceof DOMException && error.name === name;

/** Nothing there is null; all else is a failure of the storage. */
async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (isNamed(error, 'NotFoundError')) return null;
    throw storageFailure(error);
  }
}

function storageFailure(error: unknown): FailureError {
  if (error instanceof FailureError) return error;
  if (isNamed(error, 'QuotaExceededError'))
    return new FailureError({ code: 'storage-full', neededBytes: null, freeBytes: null });
  // Another window has the file open: its lock and ours are the same thing.
  if (isNamed(error, 'NoModificationAllowedError')) return new FailureError({ code: 'model-busy' });
  return new FailureError({
    code: 'storage-failed',
    problem: error instanceof Error ? error.message : String(error),
  });
}

const guarded =
  <A extends unknown[], T>(work: (...args: A) => T) =>
  (...args: A): T => {
    try {
      return work(...args);
    } catch (error) {
      throw storageFailure(error);
    }
  };

function openFileOf(handle: FileSystemSyncAccessHandle): OpenFile {
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

/**
 * @param folderName the folder in which all others lie
 * @returns null where this browser, or this window, keeps no files
 */
export async function openOpfsFolders(folderName: 'models' | 'runs'): Promise<ModelFolders | null> {
  if (!('FileSystemFileHandle' in globalThis)) return null;
  if (!('createSyncAccessHandle' in FileSystemFileHandle.prototype)) return null;
  let root: FileSystemDirectoryHandle;
  try {
    root = await (await navigator.storage.getDirectory()).getDirectoryHandle(folderName, { create: true });
  } catch {
    return null; // Private windows refuse it here.
  }
  const folderOf = (model: string): Promise<FileSystemDirectoryHandle | null> =>
    orNull(root.getDirectoryHandle(model));
  return {
    isKept: true,
    open: async (model, file) => {
      try {
        const folder = await root.getDirectoryHandle(model, { create: true });
        const handle = await folder.getFileHandle(file, { create: true });
        return openFileOf(await handle.createSyncAccessHandle());
      } catch (error) {
        throw storageFailure(error);
      }
    },
    read: async (model, file) => {
      const handle = await orNull((await folderOf(model))?.getFileHandle(file) ?? Promise.resolve(null));
      return handle === null ? null : orNull(handle.getFile());
    },
    removeFile: async (model, file) => {
      const folder = await folderOf(model);
      if (folder !== null) await orNull(folder.removeEntry(file));
    },
    remove: async (model) => void (await orNull(root.removeEntry(model, { recursive: true }))),
    list: async () => {
      const names: string[] = [];
      for await (const [name, handle] of root) if (handle.kind === 'directory') names.push(name);
      return names;
    },
  };
}
