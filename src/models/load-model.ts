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
import { fail, succeed, type Result } from '../core/result.ts';
import { createSha256 } from '../formats/sha256.ts';
import {
  decodeWeights,
  parseTfjsManifest,
  type ShardSpec,
  type WeightsGroup,
} from '../formats/tfjs-manifest.ts';
import { checkParameters } from './check-parameters.ts';

export interface LoadedModel {
  readonly id: string;
  readonly title: string;
  readonly architecture: VitArchitecture;
  readonly parameters: ReadonlyMap<string, NamedTensor>;
  readonly parameterCount: number;
}

export interface DownloadProgress {
  readonly loadedBytes: number;
  readonly totalBytes: number;
  /** Whether everything so far came out of the cache. */
  readonly cached: boolean;
}

/** Where bytes come from; the page gives fetch and the browser's cache, the command line a folder. */
export interface ModelSource {
  /** Rejects with a `FailureError` 'model-unreachable' where there is no answer or not a good one. */
  fetch(path: string, signal: AbortSignal): Promise<Response>;
  readonly cache: ModelCache | null;
}

/** Survives a visit; losing an entry costs a download and nothing else. */
export interface ModelCache {
  match(key: string): Promise<Response | null>;
  put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}

const manifestPath = 'model.json';

/** Reads the body into `target`, piece by piece. @returns what is wrong, or null */
async function readShard(
  response: Response,
  shard: ShardSpec,
  target: Uint8Array,
  onPiece: (byteLength: number) => void,
): Promise<string | null> {
  const hash = createSha256();
  let length = 0;
  const reader = response.body?.getReader();
  for (let piece = await reader?.read(); piece !== undefined && !piece.done; piece = await reader?.read()) {
    const bytes: Uint8Array = piece.value;
    if (length + bytes.byteLength > target.byteLength) return `it is longer than ${shard.byteLength} bytes`;
    target.set(bytes, length);
    hash.update(bytes);
    length += bytes.byteLength;
    onPiece(bytes.byteLength);
  }
  if (length !== shard.byteLength) return `it has ${length} bytes instead of ${shard.byteLength}`;
  return hash.hex() === shard.sha256 ? null : 'its SHA-256 is not the one in model.json';
}

async function fetchManifest(source: ModelSource, signal: AbortSignal): Promise<unknown> {
  // The newest description where there is a network, the last one seen where there is none.
  let text: string;
  try {
    text = await (await source.fetch(manifestPath, signal)).text();
    await source.cache?.put(manifestPath, new TextEncoder().encode(text));
  } catch (error) {
    const cached = signal.aborted ? null : await source.cache?.match(manifestPath);
    if (!cached) throw error;
    text = await cached.text();
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new FailureError({ code: 'model-manifest-invalid', problem: 'model.json is not JSON' });
  }
}

class ShardReader {
  private loadedBytes = 0;
  private cached = true;
  private readonly source: ModelSource;
  private readonly totalBytes: number;
  private readonly signal: AbortSignal;
  private readonly onProgress: (progress: DownloadProgress) => void;

  constructor(
    source: ModelSource,
    totalBytes: number,
    signal: AbortSignal,
    onProgress: (progress: DownloadProgress) => void,
  ) {
    this.source = source;
    this.totalBytes = totalBytes;
    this.signal = signal;
    this.onProgress = onProgress;
  }

  /** Fills `target` from the cache or the network. Rejects with 'model-shard-damaged' or 'model-unreachable'. */
  async read(shard: ShardSpec, target: Uint8Array<ArrayBuffer>): Promise<void> {
    // The hash is part of the key, so a new version of a model never meets an old shard.
    const key = `${shard.path}?sha256=${shard.sha256}`;
    const stored = (await this.source.cache?.match(key)) ?? null;
    if (stored !== null && (await this.take(stored, shard, target)) === null) return;
    this.cached = false;
    const problem = await this.take(await this.source.fetch(shard.path, this.signal), shard, target);
    if (problem !== null) throw new FailureError({ code: 'model-shard-damaged', path: shard.path, problem });
    await this.source.cache?.put(key, target);
  }

  private async take(response: Response, shard: ShardSpec, target: Uint8Array): Promise<string | null> {
    const before = this.loadedBytes;
    const problem = await readShard(response, shard, target, (byteLength) => {
      this.signal.throwIfAborted();
      this.loadedBytes += byteLength;
      this.onProgress({ loadedBytes: this.loadedBytes, totalBytes: this.totalBytes, cached: this.cached });
    });
    if (problem !== null) this.loadedBytes = before;
    return problem;
  }
}

async function readGroup(group: WeightsGroup, reader: ShardReader): Promise<Map<string, NamedTensor>> {
  const bytes = new Uint8Array(group.shards.reduce((sum, shard) => sum + shard.byteLength, 0));
  let offset = 0;
  for (const shard of group.shards) {
    await reader.read(shard, bytes.subarray(offset, offset + shard.byteLength));
    offset += shard.byteLength;
  }
  const values = decodeWeights(group, bytes);
  return new Map(
    group.weights.map(({ name, shape }) => [name, { shape, values: values.get(name) ?? new Float32Array() }]),
  );
}

/** @param onProgress called for every piece that arrives */
export async function loadModel(
  source: ModelSource,
  signal: AbortSignal,
  onProgress: (progress: DownloadProgress) => void,
): Promise<Result<LoadedModel, Failure>> {
  try {
    const manifest = parseTfjsManifest(await fetchManifest(source, signal));
    if (!manifest.ok) return manifest;
    const { id, title, groups } = manifest.value;
    const architecture = parseArchitecture(manifest.value.architecture);
    if (typeof architecture === 'string')
      return fail({ code: 'model-manifest-invalid', problem: architecture });
    const weights = groups.flatMap((group) => group.weights);
    const checked = checkParameters(architecture, new Map(weights.map(({ name, shape }) => [name, shape])));
    if (!checked.ok) return checked;

    const totalBytes = groups
      .flatMap((group) => group.shards)
      .reduce((sum, shard) => sum + shard.byteLength, 0);
    const reader = new ShardReader(source, totalBytes, signal, onProgress);
    const parameters = new Map<string, NamedTensor>();
    for (const group of groups)
      for (const [name, tensor] of await readGroup(group, reader)) parameters.set(name, tensor);
    const parameterCount = weights.reduce((sum, { shape }) => sum + elementCount(shape), 0);
    return succeed({ id, title, architecture, parameters, parameterCount });
  } catch (error) {
    if (signal.aborted) return fail({ code: 'cancelled' });
    const failure = failureOf(error);
    if (failure === null) throw error;
    return fail(failure);
  }
}
