/** One source's bytes into the model's file, from where they stopped the last time. */
import type { CatalogueSource } from '../catalogue/parse-catalogue.ts';
import { FailureError } from '../core/failure.ts';
import { createSha256 } from '../formats/sha256.ts';
import type { TransferProgress } from '../rpc/library-contract.ts';
import type { FileStorage } from './file-storage.ts';
import { createRateMeter } from './rate-meter.ts';
import { readPartial, weightsFile, writePartial } from './records.ts';
import { requestRest, type Rest } from './request-rest.ts';
import { withTimeout } from './with-timeout.ts';

export interface TransferTools {
  readonly folders: FileStorage;
  readonly fetch: typeof fetch;
  now(): number;
  /** A connection that brings nothing for so long is given up. */
  readonly timeoutMs: number;
  /** What the browser would still give; null where it does not say. */
  freeBytes(): Promise<number | null>;
}

export interface TransferCall {
  readonly id: string;
  readonly source: CatalogueSource;
  readonly signal: AbortSignal;
  onProgress(progress: TransferProgress): void;
}

export interface Transferred {
  readonly byteLength: number;
  /** Lower-case hexadecimal, of the whole file. */
  readonly sha256: string;
}

/** Telling the page oftener shows nobody more. */
const progressEveryMs = 100;
const hashPieceBytes = 4 * 1024 * 1024;

type Hash = ReturnType<typeof createSha256>;

/** @throws Error where the storage does not answer for `timeoutMs` */
async function hashKept(
  bytes: Blob,
  byteLength: number,
  hash: Hash,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<void> {
  for (let at = 0; at < byteLength; at += hashPieceBytes) {
    signal.throwIfAborted();
    const piece = bytes.slice(at, Math.min(at + hashPieceBytes, byteLength));
    hash.update(new Uint8Array(await withTimeout(piece.arrayBuffer(), timeoutMs)));
  }
}

async function checkRoom(tools: TransferTools, neededBytes: number | null): Promise<void> {
  const freeBytes = neededBytes === null ? null : await tools.freeBytes();
  if (neededBytes !== null && freeBytes !== null && neededBytes > freeBytes)
    throw new FailureError({ code: 'storage-full', neededBytes, freeBytes });
}

interface Body extends TransferCall {
  readonly rest: Rest;
  readonly totalBytes: number | null;
  readonly host: string;
  readonly hash: Hash;
}

/** @returns the file's length when the server has ended */
async function receive(
  { id, rest, totalBytes, host, hash, signal, onProgress }: Body,
  tools: TransferTools,
): Promise<number> {
  const file = await tools.folders.open(id, weightsFile);
  const reader = rest.response.body?.getReader();
  const rate = createRateMeter(tools.now);
  let length = rest.offset;
  let toldAt = -Infinity;
  const tell = (): void => {
    toldAt = tools.now();
    const bytesPerSecond = rate.advance(length);
    onProgress({ stage: 'transfer', host, loadedBytes: length, totalBytes, bytesPerSecond });
  };
  try {
    file.truncate(length);
    tell();
    for (;;) {
      const piece = reader && (await arrival(reader.read(), length));
      if (!piece || piece.done) break;
      const bytes = piece.value;
      if (totalBytes !== null && length + bytes.byteLength > totalBytes)
        throw new FailureError({
          code: 'download-damaged',
          host,
          problem: `it is longer than the ${totalBytes} bytes it should have`,
        });
      file.write(bytes, length);
      hash.update(bytes);
      length += bytes.byteLength;
      if (tools.now() - toldAt >= progressEveryMs) tell();
    }
    file.flush();
    tell();
    return length;
  } finally {
    file.close();
    // Left early, the rest must not go on arriving. Of no effect at the end.
    void reader?.cancel().catch(() => undefined);
  }

  async function arrival<T>(bytes: Promise<T>, keptBytes: number): Promise<T> {
    try {
      return await withTimeout(bytes, tools.timeoutMs);
    } catch {
      signal.throwIfAborted();
      throw new FailureError({ code: 'download-interrupted', host, keptBytes });
    }
  }
}

/**
 * @returns the file's length and hash; both are still to be believed or not
 * @throws FailureError; after 'download-interrupted', and after an abort, the bytes that came are kept
 */
export async function transferFile(call: TransferCall, tools: TransferTools): Promise<Transferred> {
  const { id, source, signal, onProgress } = call;
  const { folders } = tools;
  const { host } = new URL(source.url);
  onProgress({ stage: 'connect', host });
  const partial = await readPartial(folders, id);
  const kept =
    partial !== null && partial.url === source.url
      ? { ...partial, byteLength: partial.bytes.size, hashIsKnown: source.sha256?.length === 64 }
      : null;
  const hash = createSha256();
  const rest = await requestRest(source.url, kept, tools, signal);
  try {
    const totalBytes = source.byteLength ?? rest.totalBytes;
    // The host has answered, whatever the browser's storage takes now.
    onProgress({ stage: 'transfer', host, loadedBytes: rest.offset, totalBytes, bytesPerSecond: null });
    await checkRoom(tools, totalBytes === null ? null : totalBytes - rest.offset);
    await writePartial(folders, id, { url: source.url, validator: rest.validator, totalBytes });
    if (kept !== null) await hashKept(kept.bytes, rest.offset, hash, { signal, timeoutMs: tools.timeoutMs });
    const byteLength = await receive({ ...call, rest, totalBytes, host, hash }, tools);
    // Some browsers report a connection that broke as a body that ended.
    if (totalBytes !== null && byteLength < totalBytes)
      throw new FailureError({ code: 'download-interrupted', host, keptBytes: byteLength });
    return { byteLength, sha256: hash.hex() };
  } catch (error) {
    // What the host still sends is for nobody. Refused where it is being read: then it is ended there.
    void rest.response.body?.cancel().catch(() => undefined);
    throw error;
  }
}
