/** Tries what the page needs to keep files, in a worker as the page does. It shares no code with the page. */
const attempt = `
  (async () => {
    const folder = await navigator.storage.getDirectory();
    const file = await folder.getFileHandle('harness-probe', { create: true });
    const access = await file.createSyncAccessHandle();
    access.write(new Uint8Array([1]), { at: 0 });
    access.flush();
    access.close();
    await folder.removeEntry('harness-probe');
  })().then(() => postMessage(true), () => postMessage(false));`;

/** @returns whether this browser can keep files for the page */
export async function keepsFiles(): Promise<boolean> {
  const address = URL.createObjectURL(new Blob([attempt], { type: 'text/javascript' }));
  const worker = new Worker(address);
  try {
    return await new Promise<boolean>((resolve) => {
      worker.addEventListener('message', ({ data }: MessageEvent<boolean>) => resolve(data));
    });
  } finally {
    worker.terminate();
    URL.revokeObjectURL(address);
  }
}
