/** What a file is, where it is none that can be read: told by names and types, so that nobody hears of a symptom instead. */
import type { TensorFile } from '../formats/tensor-file.ts';
import { isFloatType } from '../formats/float-values.ts';

const quantized =
  'only float16, bfloat16, float32 and float64 can be read; take the file from which it was made';

/** Parameters that one kind of network or file has and that which can be run has not. */
const kinds: readonly (readonly [names: RegExp, says: (name: string) => string])[] = [
  [
    /^(storage_tokens|rope_embed\.periods)$/,
    (name) =>
      `it is a DINOv3 network (it has ${name}), whose positions are rotations; such networks cannot be run`,
  ],
  [
    /relative_position_bias_table$/,
    (name) => `its positions are relative (${name}), as BEiT's are; such networks cannot be run`,
  ],
  [
    /^(dist_token|embeddings\.distillation_token)$/,
    (name) => `it is a distilled DeiT, with a second token beside CLS (${name}); such networks cannot be run`,
  ],
  [
    /\.(qweight|qzeros|absmax|quant_map|SCB|weight_scale(_inv)?|_packed_params)(\.|$)/,
    (name) => `its weights are quantized (it has ${name}); ${quantized}`,
  ],
];

/** @param names a network's own @returns a phrase that says what it is, or null where nothing speaks against it */
export function describeOtherKind(names: readonly string[]): string | null {
  for (const [pattern, says] of kinds) {
    const found = names.find((name) => pattern.test(name));
    if (found !== undefined) return says(found);
  }
  const registers = names.find((name) => /(^|\.)(register_tokens|reg_token)$/.test(name));
  const hasPositions = names.some((name) => /(^|\.)(pos_embed|position_embeddings)$/.test(name));
  return registers !== undefined && !hasPositions
    ? `it has ${registers} and no position embedding, as DINOv3 networks have, whose positions are rotations; such networks cannot be run`
    : null;
}

const isParameter = (name: string): boolean =>
  /^(cls_token|pos_embed|register_tokens|blocks\.\d+\.ls[12]\.gamma)$/.test(name) ||
  /^(patch_embed\.proj|norm|blocks\.\d+\.(norm[12]|attn\.(qkv|proj)|mlp\.fc[12]))\.(weight|bias)$/.test(name);

/** Types of eight bits or fewer, as safetensors and as PyTorch names them. */
const isQuantized = (type: string): boolean =>
  /^(F4$|F[468]_|[IU][48]$)/.test(type) ||
  /^torch\.(Q|Char|Byte|float[48]_|u?int[1-8]$|bits[1-8])/.test(type);

/** Kinds of tensors without values that could be read, by the name of what makes them. */
const unreadableTypes: readonly (readonly [type: RegExp, says: string])[] = [
  [/^numpy\./, 'is an array of NumPy; make tensors of all of them (torch.from_numpy) and save these'],
  [
    /meta_tensor|wrapper_subclass/,
    'was saved without its values, from the device "meta" or from many devices',
  ],
  [/_rebuild_sparse/, 'is sparse; save it as a dense tensor (to_dense)'],
  [/_rebuild_/, 'is a kind of tensor that cannot be read'],
];

function describeType(name: string, type: string): string {
  const says = unreadableTypes.find(([pattern]) => pattern.test(type))?.[1];
  return says === undefined ? `${name} has the type ${type}, which is not a float type` : `${name} ${says}`;
}

/** @param tensors by official names @returns a phrase that names a parameter whose values cannot be read, or null */
export function describeUnreadable(tensors: TensorFile): string | null {
  for (const [name, { storedType }] of tensors) {
    if (isFloatType(storedType) || !isParameter(name)) continue;
    return isQuantized(storedType)
      ? `its weights are quantized (${name} is stored as ${storedType}); ${quantized}`
      : describeType(name, storedType);
  }
  return null;
}
