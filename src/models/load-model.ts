/**
 * model.json and its shards, from the network or the cache, into checked parameters:
 * nothing is returned unless every byte's hash and every parameter's shape is right.
 */
import {
  elementCount,
  parseArchitecture,
  type NamedTensor,
  type VitArchitecture,
} from '../core/architecture.ts';
import { FailureError, failureOf, type Failure } from '../core/failure.ts';
import type { ModelBytes } from '../core/model.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { hashBytes } from '../formats/sha256.ts';
import {
  decodeWeights,
  parseTfjsManifest,
  type ShardSpec,
  type WeightsGroup,
} from '../formats/tfjs-manifest.ts';
import { checkParameters } from './check-parameters.ts';
import type { LoadedModel, ModelLoader } from './loaded-model.ts';

/** Where bytes come from; the page gives fetch and the browser's cache, the command line a folder. */
export interface ModelSource {
  /** Rejects with a `FailureError` 'model-unreachable' where there is no answer or not a good one. */
  fetch(path: string, signal: AbortSignal): Promise<Response>;
  readonly cache: ModelCache | null;
}

/** Survives a visit; losing an entry costs a download and nothing else. */
export interface ModelCache {
  match(key: string): Promise<Response | null>;
  /** The bytes do not change until it is done. Whatever fails, it never rejects. */
  put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}

const manifestPath = 'model.json';

interface ShardPlace {
  readonly shard: ShardSpec;
  /** What is filled. */
  readonly target: Uint8Array<ArrayBuffer>;
}

/** Awaits what a response brings. A connection that breaks off is 'model-unreachable', whatever the browser calls it. */
async function arrival<T>(bytes: Promise<T>, response: Response, path: string): Promise<T> {
  try {
    return await bytes;
  } catch {
    throw new FailureError({ code: 'model-unreachable', url: response.url || path, status: null });
  }
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

interface FetchedManifest {
  readonly json: unknown;
  /** Keeps the text for visits without a network. To be called when the model has proved whole: not before. */
  keep(): Promise<void>;
}

/**
 * The newest description where there is one to be had; the last one seen where there is no network, or where the server
 * has only an error to offer: what is in the cache was whole, and is checked again.
 */
async function fetchManifest(source: ModelSource, signal: AbortSignal): Promise<FetchedManifest> {
  let text: string;
  let keep = (): Promise<void> => Promise.resolve();
  try {
    const response = await source.fetch(manifestPath, signal);
    const fetched = await arrival(response.text(), response, manifestPath);
    keep = async () => source.cache?.put(manifestPath, new TextEncoder().encode(fetched));
    text = fetched;
  } catch (error) {
    const cached = signal.aborted ? null : await source.cache?.match(manifestPath);
    if (!cached) throw error;
    text = await arrival(cached.text(), cached, manifestPath);
  }
  try {
    return { json: JSON.parse(text) as unknown, keep };
  } catch {
    throw new FailureError({ code: 'model-manifest-invalid', problem: 'model.json is not JSON' });
  }
}

class ShardReader {
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

/** A file may ask for more than there is. */
function allocate(byteLength: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(byteLength);
  } catch {
    const problem = `its weights take ${byteLength} bytes, more than there is memory for`;
    throw new FailureError({ code: 'model-manifest-invalid', problem });
  }
}

async function readGroup(group: WeightsGroup, reader: ShardReader): Promise<Map<string, NamedTensor>> {
  const bytes = allocate(group.shards.reduce((sum, shard) => sum + shard.byteLength, 0));
  let offset = 0;
  await reader.readAll(
    group.shards.map((shard) => ({ shard, target: bytes.subarray(offset, (offset += shard.byteLength)) })),
  );
  const values = decodeWeights(group, bytes);
  return new Map(
    group.weights.map(({ name, shape }) => [name, { shape, values: values.get(name) ?? new Float32Array() }]),
  );
}

/**
 * @param onProgress called for every piece that arrives
 * @param onArchitecture called before the first shard is asked for
 */
export async function loadModel(
  source: ModelSource,
  signal: AbortSignal,
  onProgress: (progress: ModelBytes) => void,
  onArchitecture?: (architecture: VitArchitecture) => void,
): Promise<Result<LoadedModel, Failure>> {
  try {
    const fetched = await fetchManifest(source, signal);
    const manifest = parseTfjsManifest(fetched.json);
    if (!manifest.ok) return manifest;
    const { id, title, groups, features } = manifest.value;
    const architecture = parseArchitecture(manifest.value.architecture);
    if (typeof architecture === 'string')
      return fail({ code: 'model-manifest-invalid', problem: architecture });
    const weights = groups.flatMap((group) => group.weights);
    const checked = checkParameters(architecture, new Map(weights.map(({ name, shape }) => [name, shape])));
    if (!checked.ok) return checked;
    onArchitecture?.(architecture);

    const totalBytes = groups
      .flatMap((group) => group.shards)
      .reduce((sum, shard) => sum + shard.byteLength, 0);
    const reader = new ShardReader(source, totalBytes, signal, onProgress);
    const parameters = new Map<string, NamedTensor>();
    try {
      for (const group of groups)
        for (const [name, tensor] of await readGroup(group, reader)) parameters.set(name, tensor);
    } finally {
      await reader.finish();
    }
    signal.throwIfAborted();
    await fetched.keep();
    const parameterCount = weights.reduce((sum, { shape }) => sum + elementCount(shape), 0);
    const loaded = { id, title, architecture, parameters, parameterCount };
    return succeed(features === undefined ? loaded : { ...loaded, features });
  } catch (error) {
    if (signal.aborted) return fail({ code: 'cancelled' });
    const failure = failureOf(error);
    if (failure === null) throw error;
    return fail(failure);
  }
}

/** A model in tfjs format, model.json and its shards, as the engine takes it. */
export const tfjsModel =
  (source: ModelSource): ModelLoader =>
  (signal, onProgress, onArchitecture) =>
    loadModel(source, signal, onProgress, onArchitecture);
