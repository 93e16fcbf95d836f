/**
 * What a config.json beside a checkpoint says of its network: Hugging Face's fields and timm's. It may have been left by another
 * network, so nothing is taken of one that the tensors contradict, or that describes no Vision Transformer.
 */
import { depthOf } from './infer-architecture.ts';

type Shapes = ReadonlyMap<string, readonly number[]>;
type Fields = Readonly<Record<string, unknown>>;

/** What was found in a config. */
export interface NetworkConfig {
  /** The config itself, where it is of this network or may be; undefined where it is another's. */
  readonly config: unknown;
  readonly numHeads?: number | undefined;
  readonly layerNormEps?: number | undefined;
  /** The name of the MLPs' activation. */
  readonly activation?: string | undefined;
  /** A phrase that says in what the tensors contradict it, where they do. */
  readonly contradiction?: string;
}

/** @returns null where it is no object with names */
export const fieldsOf = (config: unknown): Fields | null =>
  typeof config === 'object' && config !== null && !Array.isArray(config) ? (config as Fields) : null;

/** Names of kinds of networks that are Vision Transformers, or are built of one. */
const ofVision = /vit|dino|deit|mae|vision/i;

/** Networks of texts and sounds have heads and channels, too, but no patches. */
const isOtherKind = ({ model_type: kind, patch_size: patchSize, vocab_size: words }: Fields): boolean =>
  patchSize === undefined && (words !== undefined || (typeof kind === 'string' && !ofVision.test(kind)));

/** @returns a phrase for the first field that says another size than the tensors have */
function findContradiction(fields: Fields, shapes: Shapes): string | undefined {
  const channels = shapes.get('cls_token')?.at(-1);
  const patchSize = shapes.get('patch_embed.proj.weight')?.at(-1);
  const facts = [
    ['hidden_size', channels],
    // timm's.
    ['num_features', channels],
    ['num_hidden_layers', depthOf(shapes)],
    ['patch_size', patchSize],
  ] as const;
  for (const [name, actual] of facts) {
    const stated = fields[name];
    const all: readonly unknown[] = Array.isArray(stated) ? stated : [stated];
    const other = all.find((each): each is number => typeof each === 'number' && each !== actual);
    if (other !== undefined && actual !== undefined)
      return `its ${name} is ${other}, and the tensors’ is ${actual}`;
  }
  return undefined;
}

/** Hugging Face's default, also in its copies of networks that were trained with the official code's. */
const defaultEps = 1e-12;

/**
 * @param shapes by official parameter names
 * @returns what the config says of a network of these shapes
 */
export function readNetworkConfig(config: unknown, shapes: Shapes): NetworkConfig {
  const fields = fieldsOf(config);
  if (fields === null || isOtherKind(fields)) return { config: undefined };
  const contradiction = findContradiction(fields, shapes);
  if (contradiction !== undefined) return { config: undefined, contradiction };
  const { num_attention_heads: heads, layer_norm_eps: eps, hidden_act: activation } = fields;
  return {
    config,
    numHeads: typeof heads === 'number' ? heads : undefined,
    layerNormEps: typeof eps === 'number' && eps > defaultEps && eps < 1 ? eps : undefined,
    activation: typeof activation === 'string' ? activation : undefined,
  };
}

/** Of the names in Hugging Face's ACT2FN, those of GELU as it is defined. The others are approximations of it, or something else. */
export const isExactGelu = (activation: string): boolean => /^gelu(_python)?$/i.test(activation);
