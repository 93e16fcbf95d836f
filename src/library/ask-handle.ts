const asked = new Set<FileSystemHandle>();

/**
 * Asks a handle of the browser's file system, and holds it until it has answered: where nobody else does, Chromium drops the answer with the handle,
 * and the promise never settles.
 * @param handle asked one thing at a time
 */
export async function askHandle<H extends FileSystemHandle, T>(
  handle: H,
  question: (handle: H) => Promise<T>,
): Promise<T> {
  asked.add(handle);
  try {
    return await question(handle);
  } finally {
    asked.delete(handle);
  }
}
