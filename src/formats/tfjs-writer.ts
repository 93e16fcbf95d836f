/** Writes named tensors in the tfjs weights format that `tfjs-manifest.ts` reads. */
import { joinBytes } from '../core/bytes.ts';
import type { NamedTensor, VitArchitecture } from '../core/architecture.ts';
import type { FeatureChoice } from '../core/model.ts';
import { createSha256 } from './sha256.ts';
import { encodeWeight, type WeightEncoding, type WeightsDtype } from './weight-encoding.ts';

/** tfjs's own shard size: small enough for every cache. */
const shardBytes = 4 * 1024 * 1024;

export interface TfjsFile {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface TfjsModel {
  readonly id: string;
  readonly title: string;
  readonly architecture: VitArchitecture;
  readonly parameters: ReadonlyMap<string, NamedTensor>;
  /** What suits lenses that compare patches, where that is known. */
  readonly features?: FeatureChoice;
}

/** As tfjs names it in model.json. */
const quantizationOf = (encoding: WeightEncoding): object =>
  encoding.dtype === 'float32' ? {} : { quantization: { ...encoding, original_dtype: 'float32' } };

/** @returns the files to write: the shards, and model.json last */
export function writeTfjsModel(
  { id, title, architecture, parameters, features }: TfjsModel,
  dtype: WeightsDtype,
): TfjsFile[] {
  const encoded = [...parameters].map(([name, { shape, values }]) => ({
    name,
    shape,
    ...encodeWeight(name, values, dtype),
  }));
  const whole = joinBytes(encoded.map(({ bytes }) => bytes));
  const shardCount = Math.max(1, Math.ceil(whole.byteLength / shardBytes));
  const shards = Array.from({ length: shardCount }, (_, index): TfjsFile => ({
    path: `group1-shard${index + 1}of${shardCount}.bin`,
    bytes: whole.slice(index * shardBytes, (index + 1) * shardBytes),
  }));
  const facts = shards.map(({ path, bytes }) => {
    const hash = createSha256();
    hash.update(bytes);
    return [path, { byteLength: bytes.byteLength, sha256: hash.hex() }] as const;
  });
  const manifest = {
    format: 'dinoscope-vit',
    generatedBy: 'DINOscope convert',
    convertedBy: null,
    weightsManifest: [
      {
        paths: shards.map(({ path }) => path),
        weights: encoded.map(({ name, shape, encoding }) => ({
          name,
          shape,
          dtype: 'float32',
          ...quantizationOf(encoding),
        })),
      },
    ],
    userDefinedMetadata: {
      dinoscope: {
        id,
        title,
        architecture,
        ...(features === undefined ? {} : { features }),
        shards: Object.fromEntries(facts),
      },
    },
  };
  return [
    ...shards,
    { path: 'model.json', bytes: new TextEncoder().encode(JSON.stringify(manifest, null, 1) + '\n') },
  ];
}
