/**
 * The tfjs weights format: model.json names shards and, in order, the tensors that their concatenated bytes hold. Our
 * own entry `userDefinedMetadata.dinoscope` has what tfjs does not record and what we require: the architecture, and
 * each shard's length and SHA-256.
 */
import { elementCount } from '../core/architecture.ts';
import type { Failure } from '../core/failure.ts';
import { facets, type FeatureChoice } from '../core/model.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { bytesPerValue, decodeWeight, type WeightEncoding } from './weight-encoding.ts';

interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** tfjs writes all but float32 as a quantization of it. */
  readonly encoding: WeightEncoding;
}

export interface ShardSpec {
  /** Relative to model.json. */
  readonly path: string;
  readonly byteLength: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

export interface WeightsGroup {
  readonly shards: readonly ShardSpec[];
  readonly weights: readonly WeightSpec[];
}

export interface TfjsManifest {
  readonly id: string;
  readonly title: string;
  /** As written in the file; `parseArchitecture` checks it. */
  readonly architecture: unknown;
  readonly groups: readonly WeightsGroup[];
  /** Left out where the file recommends none. */
  readonly features?: FeatureChoice;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (json: unknown): json is Fields =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

/** @returns null where it cannot be read */
function parseQuantization(json: unknown): WeightEncoding | null {
  if (json === undefined) return { dtype: 'float32' };
  if (!isFields(json)) return null;
  const { dtype, scale, min } = json;
  if (dtype === 'float16') return { dtype };
  if (dtype !== 'uint8' || typeof scale !== 'number' || typeof min !== 'number') return null;
  return Number.isFinite(scale) && Number.isFinite(min) ? { dtype, scale, min } : null;
}

function parseWeight(json: unknown): WeightSpec | string {
  if (!isFields(json) || typeof json['name'] !== 'string') return 'a weight has no name';
  const { name, shape, dtype, quantization } = json;
  if (
    !Array.isArray(shape) ||
    !shape.every((side): side is number => Number.isSafeInteger(side) && side >= 0)
  )
    return `${name} has no valid shape`;
  if (typeof dtype !== 'string') return `${name} has no type`;
  if (dtype !== 'float32')
    return `${name} has the type ${dtype}; only float32 and its quantizations are known`;
  const encoding = parseQuantization(quantization);
  return encoding === null ? `${name} is quantized in a way that is not known` : { name, shape, encoding };
}

/** @returns what is wrong with it as a sentence's part */
function parseFeatures(json: unknown): FeatureChoice | string {
  if (!isFields(json)) return 'the recommended features are no object';
  const { block } = json;
  const facet = facets.find((known) => known === json['facet']);
  if (facet === undefined) return `the recommended features have no facet of ${facets.join(', ')}`;
  if (typeof block !== 'number' || !Number.isInteger(block) || block < 1)
    return 'the recommended features have no block, counted from 1';
  return { block, facet };
}

/** A shard lies beside model.json: a path that leads elsewhere is refused. */
function parseShard(path: unknown, shards: Fields): ShardSpec | string {
  if (typeof path !== 'string') return 'a shard path is not text';
  if (!/^[\w.-]+$/.test(path) || path.startsWith('.'))
    return `the shard path '${path}' is not a plain file name`;
  const facts = shards[path];
  if (!isFields(facts)) return `the shard ${path} has no length and hash`;
  const { byteLength, sha256 } = facts;
  if (!Number.isSafeInteger(byteLength) || Number(byteLength) < 0)
    return `the shard ${path} has no valid length`;
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))
    return `the shard ${path} has no valid SHA-256`;
  return { path, byteLength: Number(byteLength), sha256 };
}

function parseGroup(json: unknown, shards: Fields): WeightsGroup | string {
  if (!isFields(json) || !Array.isArray(json['paths']) || !Array.isArray(json['weights']))
    return 'a weights group has no paths or no weights';
  const group: { shards: ShardSpec[]; weights: WeightSpec[] } = { shards: [], weights: [] };
  for (const path of json['paths'] as unknown[]) {
    const shard = parseShard(path, shards);
    if (typeof shard === 'string') return shard;
    group.shards.push(shard);
  }
  for (const entry of json['weights'] as unknown[]) {
    const weight = parseWeight(entry);
    if (typeof weight === 'string') return weight;
    group.weights.push(weight);
  }
  const declared = group.shards.reduce((sum, shard) => sum + shard.byteLength, 0);
  const needed = group.weights.reduce(
    (sum, { shape, encoding }) => sum + elementCount(shape) * bytesPerValue[encoding.dtype],
    0,
  );
  return declared === needed
    ? group
    : `the shards hold ${declared} bytes, but the weights' shapes need ${needed}`;
}

/** @returns the manifest, every field checked and the bytes counted, or 'model-manifest-invalid' with what is wrong */
export function parseTfjsManifest(json: unknown): Result<TfjsManifest, Failure> {
  const invalid = (problem: string): Result<never, Failure> =>
    fail({ code: 'model-manifest-invalid', problem });
  if (!isFields(json)) return invalid('model.json is not an object');
  const metadata = isFields(json['userDefinedMetadata'])
    ? json['userDefinedMetadata']['dinoscope']
    : undefined;
  if (!isFields(metadata))
    return invalid('model.json has no userDefinedMetadata.dinoscope; was it made by npm run convert?');
  const { id, title, architecture, shards } = metadata;
  if (typeof id !== 'string' || typeof title !== 'string') return invalid('the id or the title is missing');
  if (!isFields(shards)) return invalid('the list of shards is missing');
  if (!Array.isArray(json['weightsManifest'])) return invalid('the weightsManifest is missing');
  const groups: WeightsGroup[] = [];
  for (const entry of json['weightsManifest'] as unknown[]) {
    const group = parseGroup(entry, shards);
    if (typeof group === 'string') return invalid(group);
    groups.push(group);
  }
  const names = new Set<string>();
  for (const { name } of groups.flatMap(({ weights }) => weights)) {
    if (names.has(name)) return invalid(`the weight ${name} is listed twice`);
    names.add(name);
  }
  const manifest = { id, title, architecture, groups };
  if (metadata['features'] === undefined) return succeed(manifest);
  const features = parseFeatures(metadata['features']);
  return typeof features === 'string' ? invalid(features) : succeed({ ...manifest, features });
}

/**
 * @param bytes the group's shards, concatenated; as long as the manifest says
 * @returns each weight's values as float32, in the group's order
 */
export function decodeWeights(
  group: WeightsGroup,
  bytes: Uint8Array<ArrayBuffer>,
): Map<string, Float32Array<ArrayBuffer>> {
  const values = new Map<string, Float32Array<ArrayBuffer>>();
  let offset = 0;
  for (const { name, shape, encoding } of group.weights) {
    const end = offset + elementCount(shape) * bytesPerValue[encoding.dtype];
    values.set(name, decodeWeight(bytes.subarray(offset, end), encoding));
    offset = end;
  }
  return values;
}
