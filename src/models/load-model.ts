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
import { decodeWeights, parseTfjsManifest, type WeightsGroup } from '../formats/tfjs-manifest.ts';
import { checkParameters } from './check-parameters.ts';
import type { LoadedModel, ModelLoader } from './loaded-model.ts';
import { arrival, type ModelSource } from './model-source.ts';
import { ShardReader } from './shard-reader.ts';

const manifestPath = 'model.json';

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
