/** What is known of the browser's storage when it is full: how much is free, and what of ours could be deleted. */
import { FailureError, failureOf, type KeptBytes } from '../core/failure.ts';
import { askHandle } from './ask-handle.ts';
import { withTimeout } from './with-timeout.ts';

// Typed as always there; a page without https has none.
const storageHere = (): Partial<StorageManager> | undefined =>
  (globalThis.navigator as Partial<Navigator> | undefined)?.storage;

/** What cannot be counted within this time, ms, is not told. */
const countMs = 5000;

/** What the browser would still give; null where it does not say. */
export async function freeBytes(): Promise<number | null> {
  const estimate = storageHere()?.estimate?.() ?? Promise.resolve({});
  const { quota, usage } = await withTimeout<StorageEstimate>(estimate, countMs).catch(
    (): StorageEstimate => ({}),
  );
  return quota === undefined || usage === undefined ? null : Math.max(0, quota - usage);
}

/** @throws what is not the absence of a file or folder */
function zeroIfGone(error: unknown): number {
  if (error instanceof DOMException && error.name === 'NotFoundError') return 0;
  throw error;
}

async function bytesIn(folder: FileSystemDirectoryHandle): Promise<number> {
  let bytes = 0;
  for await (const [, handle] of folder) {
    // A file may be deleted while the others are counted.
    const size = (): Promise<number> =>
      handle.kind === 'directory'
        ? bytesIn(handle)
        : askHandle(handle, (own) => own.getFile()).then((file) => file.size);
    bytes += await size().catch(zeroIfGone);
  }
  return bytes;
}

function bytesOf(root: FileSystemDirectoryHandle, name: keyof KeptBytes): Promise<number> {
  // Without the folder nothing was ever kept.
  return root.getDirectoryHandle(name).then(bytesIn).catch(zeroIfGone);
}

async function keptBytes(): Promise<KeptBytes | null> {
  try {
    const count = async (): Promise<KeptBytes | null> => {
      const root = await storageHere()?.getDirectory?.();
      if (root === undefined) return null;
      return {
        models: await bytesOf(root, 'models'),
        runs: await bytesOf(root, 'runs'),
        collections: await bytesOf(root, 'collections'),
      };
    };
    return await withTimeout(count(), countMs);
  } catch {
    return null;
  }
}

/** @returns the error itself, or where it says that there is no room, one that says how much there is and what takes it */
export async function tellFullStorage(error: unknown): Promise<unknown> {
  const failure = failureOf(error);
  if (failure?.code !== 'storage-full' || failure.kept !== undefined) return error;
  const kept = await keptBytes();
  const free = failure.freeBytes ?? (kept === null ? null : await freeBytes());
  return new FailureError({ ...failure, freeBytes: free, ...(kept === null ? {} : { kept }) });
}
