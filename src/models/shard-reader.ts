/** A model's shards, from the network or the cache, each checked by its hash. */
import { FailureError, failureOf } from '../core/failure.ts';
import type { ModelBytes } from '../core/model.ts';
import { hashBytes } from '../formats/sha256.ts';
import type { ShardSpec } from '../formats/tfjs-manifest.ts';
import { arrival, type ModelSource } from './model-source.ts';

interface ShardPlace {
  readonly shard: ShardSpec;
  /** What is filled. */
  readonly target: Uint8Array<ArrayBuffer>;
}

/**
 * Reads the body into `target`, piece by piece.
 * @returns what is wrong with the number of bytes, or null
 * @throws FailureError 'model-unreachable' where the body breaks off
 */
async function readBytes(
  response: Response,
  shard: ShardSpec,
  target: Uint8Array<ArrayBuffer>,
  onPiece: (byteLength: number) => void,
): Promise<string | null> {
  let length = 0;
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const piece = reader && (await arrival(reader.read(), response, shard.path));
      if (!piece || piece.done) break;
      const bytes: Uint8Array = piece.value;
      if (length + bytes.byteLength > target.byteLength) return `it is longer than ${shard.byteLength} bytes`;
      target.set(bytes, length);
      length += bytes.byteLength;
      onPiece(bytes.byteLength);
    }
  } finally {
    // Left early, the rest must not go on arriving. Of no effect at the end.
    void reader?.cancel().catch(() => {});
  }
  return length === shard.byteLength ? null : `it has ${length} bytes instead of ${shard.byteLength}`;
}

/** @returns what is wrong with the bytes, or null */
const checkHash = async ({ shard, target }: ShardPlace): Promise<string | null> =>
  (await hashBytes(target)) === shard.sha256 ? null : 'its SHA-256 is not the one in model.json';

export class ShardReader {
  private loadedBytes = 0;
  private cached = true;
  /** The shard that is on its way from the network. */
  private arriving: Promise<unknown> = Promise.resolve();
  /** The shards on their way into the cache, one after the other. */
  private keeping: Promise<void> = Promise.resolve();
  private readonly source: ModelSource;
  private readonly totalBytes: number;
  /** Aborted by the caller's signal, and where one shard fails. */
  private readonly stop = new AbortController();
  /** Aborted when nothing more is read: the caller's signal may live on. */
  private readonly finished = new AbortController();
  private readonly onProgress: (progress: ModelBytes) => void;

  constructor(
    source: ModelSource,
    totalBytes: number,
    signal: AbortSignal,
    onProgress: (progress: ModelBytes) => void,
  ) {
    this.source = source;
    this.totalBytes = totalBytes;
    this.onProgress = onProgress;
    if (signal.aborted) this.stop.abort(signal.reason);
    signal.addEventListener('abort', () => this.stop.abort(signal.reason), { signal: this.finished.signal });
  }

  /**
   * Fills the shards' places from the cache or the network, two at a time, so that one arrives while the other is checked. Rejects
   * with 'model-shard-damaged' or 'model-unreachable', when nothing is on its way any more.
   */
  async readAll(places: readonly ShardPlace[]): Promise<void> {
    const remaining = places.values();
    const failures: unknown[] = [];
    const lane = async (): Promise<void> => {
      try {
        for (const place of remaining) await this.read(place);
      } catch (error) {
        failures.push(error);
        this.stop.abort();
      }
    };
    await Promise.all([lane(), lane()]);
    if (failures.length > 0) throw failures[0];
  }

  private async read(place: ShardPlace): Promise<void> {
    const { shard, target } = place;
    // The hash is part of the key, so a new version of a model never meets an old shard.
    const key = `${shard.path}?sha256=${shard.sha256}`;
    if (await this.readStored(key, place)) return;
    this.cached = false;
    const problem = (await this.inTurn(() => this.download(place))) ?? (await checkHash(place));
    if (problem !== null) throw new FailureError({ code: 'model-shard-damaged', path: shard.path, problem });
    // The next shards come meanwhile. One after the other, since each takes memory of its own while it is written.
    this.keeping = this.keeping.then(() => this.source.cache?.put(key, target));
  }

  private async download({ shard, target }: ShardPlace): Promise<string | null> {
    this.stop.signal.throwIfAborted();
    const response = await this.source.fetch(shard.path, this.stop.signal);
    return readBytes(response, shard, target, (byteLength) => this.advance(byteLength));
  }

  /** One after the other: two at once would share the connection, and where it breaks off neither might be whole. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.arriving.then(work, work);
    this.arriving = turn;
    return turn;
  }

  /** Ends the reading, when the cache has all that was read. */
  async finish(): Promise<void> {
    this.finished.abort();
    await this.keeping;
  }

  /** @returns whether the cache had the shard, whole; only then does the progress count it */
  private async readStored(key: string, place: ShardPlace): Promise<boolean> {
    const { shard, target } = place;
    const stored = (await this.source.cache?.match(key)) ?? null;
    if (stored === null) return false;
    const checkSignal = (): void => this.stop.signal.throwIfAborted();
    try {
      const problem = (await readBytes(stored, shard, target, checkSignal)) ?? (await checkHash(place));
      if (problem !== null) return false;
    } catch (error) {
      if (failureOf(error) === null) throw error;
      return false;
    }
    this.advance(shard.byteLength);
    return true;
  }

  private advance(byteLength: number): void {
    this.stop.signal.throwIfAborted();
    this.loadedBytes += byteLength;
    this.onProgress({ loadedBytes: this.loadedBytes, totalBytes: this.totalBytes, cached: this.cached });
  }
}
