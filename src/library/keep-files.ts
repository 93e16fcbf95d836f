import { FailureError } from '../core/failure.ts';
import { readBytes } from '../formats/read-bytes.ts';
import { hashFile } from '../formats/sha256.ts';
import type { LibraryContract, StoredModel, TransferProgress } from '../rpc/library-contract.ts';
import type { DownloadTools } from './download.ts';
import { createRateMeter } from './rate-meter.ts';
import { weightsFile, writeStored } from './records.ts';

const pieceBytes = 4 * 1024 * 1024;

/**
 * Copies the person's own files into the browser. After a failure or an abort nothing is left.
 * @throws FailureError 'storage-full', 'unreadable-file' and the like
 */
export async function keepFiles(
  { id, title, kind, hints, files }: LibraryContract['keep']['request'],
  tools: DownloadTools,
  signal: AbortSignal,
  onProgress: (progress: TransferProgress) => void,
): Promise<StoredModel> {
  const { folders } = tools;
  const totalBytes = [...files.values()].reduce((sum, { size }) => sum + size, 0);
  const freeBytes = await tools.freeBytes();
  if (freeBytes !== null && totalBytes > freeBytes)
    throw new FailureError({ code: 'storage-full', neededBytes: totalBytes, freeBytes });
  const rate = createRateMeter(tools.now);
  let loadedBytes = 0;
  const copied: { name: string; byteLength: number }[] = [];
  try {
    for (const [name, blob] of files) {
      const stored = kind === 'checkpoint' && files.size === 1 ? weightsFile : name;
      const file = await folders.open(id, stored);
      try {
        file.truncate(0);
        for (let at = 0; at < blob.size; at += pieceBytes) {
          const piece = await readBytes(blob, at, Math.min(at + pieceBytes, blob.size));
          signal.throwIfAborted();
          if (piece === null) throw new FailureError({ code: 'unreadable-file' });
          file.write(piece, at);
          loadedBytes += piece.byteLength;
          const bytesPerSecond = rate.advance(loadedBytes);
          onProgress({ stage: 'transfer', host: null, loadedBytes, totalBytes, bytesPerSecond });
        }
        file.flush();
      } finally {
        file.close();
      }
      copied.push({ name: stored, byteLength: blob.size });
    }
    const whole = new Blob([...files.values()]);
    const sha256 = kind === 'checkpoint' ? await hashFile(whole, () => !signal.aborted) : null;
    signal.throwIfAborted();
    if (kind === 'checkpoint' && sha256 === null) throw new FailureError({ code: 'unreadable-file' });
    const model: StoredModel = {
      id,
      title,
      kind,
      files: copied,
      sha256,
      source: null,
      storedAt: tools.today().toISOString(),
      hints,
    };
    await writeStored(folders, model);
    return model;
  } catch (error) {
    await folders.remove(id);
    throw error;
  }
}
