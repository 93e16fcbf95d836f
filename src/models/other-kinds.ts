/** What a file is, where it is none that can be read: told by names and types, so that nobody hears of a symptom instead. */
import type { TensorFile } from '../formats/tensor-file.ts';
import { isFloatType } from '../formats/float-values.ts';

const quantized =
  'only float16, bfloat16, float32 and float64 can be read; take the file from which it was made';

/** Parameters that one kind of network or file has and that which can be run has not. */
const kinds: readonly (readonly [
  pattern: RegExp,
  says: (name: string, names: readonly string[]) => string,
])[] = [
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
    /^(pos_embeder\.|cls_attn_blocks\.)/,
    (name) =>
      `it is an XCiT network (it has ${name}), whose channels attend to each other; such networks cannot be run`,
  ],
  [
    /^blocks_token_only\.|\.attn\.proj_[lw]\./,
    (name) =>
      `it is a CaiT network (it has ${name}), whose CLS token joins the patches only behind their blocks; such networks cannot be run`,
  ],
  [
    /\.(experts?|moe)[._]|\.mlp\.(gate|router)\./,
    (name) =>
      `its MLPs are mixtures of experts between which a gate chooses (it has ${name}); only blocks with one MLP can be run`,
  ],
  [
    /\.mlp\.(weights_in|gate_proj|w[12]|fc1_[gx])\.weight$/,
    (name) => `its MLPs are gated (SwiGLU, ${name}); only those of two layers with GELU can be run`,
  ],
  [
    /^(patch_embed|embeddings\.patch_embeddings)\.backbone\./,
    (name) =>
      `it is a hybrid (it has ${name}), whose patches come from a convolutional network; such networks cannot be run`,
  ],
  [
    /^patch_embed\.(proj\.\d+\.|conv\d*\.|stem\.)/,
    (name) =>
      `its patches come from several convolutions (it has ${name}) in place of one; such networks cannot be run`,
  ],
  [
    /\.lora_[A-Z]/i,
    (name) => `it has LoRA weights beside its own (${name}); merge them into these first (merge_and_unload)`,
  ],
  [
    /\.(weight|bias)_orig$/,
    (name, names) =>
      names.includes(name.replace(/_orig$/, '_u'))
        ? `its weights are computed from others (${name}, spectral_norm); compute them first (torch.nn.utils.remove_spectral_norm)`
        : `it was pruned, and the masks are kept apart (${name}); apply them first (torch.nn.utils.prune.remove)`,
  ],
  [
    /\.parametrizations\./,
    (name) =>
      `its weights are computed from others (${name}); compute them first (torch.nn.utils.parametrize.remove_parametrizations)`,
  ],
  [
    /\.(qweight|qzeros|absmax|quant_map|SCB|weight_scale(_inv)?|_packed_params)(\.|$)/,
    (name) => `its weights are quantized (it has ${name}); ${quantized}`,
  ],
];

/** Layers in which networks differ from the one that can be run, among names that it has not. */
const otherLayers: readonly (readonly [names: RegExp, says: (name: string) => string])[] = [
  [
    /\.base_layer\./,
    (name) =>
      `it was fine-tuned with PEFT (it has ${name}); merge what was learnt into it first (merge_and_unload)`,
  ],
  [
    /\.weight_(g|v|u)$/,
    (name) =>
      `its weights are computed from others (${name}); compute them first (torch.nn.utils.remove_weight_norm or remove_spectral_norm)`,
  ],
  [
    /^norm_pre\./,
    (name) => `it normalises its tokens before the first block (it has ${name}); such networks cannot be run`,
  ],
  [/\.[qk]_norm\./, (name) => `it normalises queries and keys (it has ${name}); such networks cannot be run`],
];

/**
 * @param unexpected names that the network that can be run has not
 * @param missing names that it has, and the file has not
 * @returns a phrase that says in what the network differs, or null where nothing tells
 */
export function describeOtherLayers(
  unexpected: readonly string[],
  missing: readonly string[],
): string | null {
  for (const [pattern, says] of otherLayers) {
    const found = unexpected.find((name) => pattern.test(name));
    if (found !== undefined) return says(found);
  }
  const lackBias = missing.filter((name) => /norm[12]?\.bias$/.test(name));
  if (lackBias.length === 1 && missing.length === 1)
    return (
      `a norm of it has no bias (${lackBias[0]}), and only layer norms with biases can be run; ` +
      'where it is one part of several files, bring all of them together'
    );
  if (lackBias.length > 1 && lackBias.length === missing.length)
    return `its norms have no biases (${lackBias[0]}), as where they are RMSNorm; only layer norms with biases can be run`;
  return missing.length > 1 && missing.every((name) => name.endsWith('.bias'))
    ? `layers of it have no biases (${missing[0]}); such networks cannot be run`
    : null;
}

/** What files without a CLS token are, by names of their tensors, which may stand at any depth. */
const kindsWithoutCls: readonly (readonly [names: RegExp, says: (name: string) => string])[] = [
  [
    /(^|\.)class_embedding$/,
    (name) =>
      `it is a CLIP network (it has ${name}), which normalises its tokens before the first block; such networks cannot be run`,
  ],
  [
    /relative_position_bias_table$/,
    (name) => `its positions are relative (${name}), as Swin's are; such networks cannot be run`,
  ],
  [
    /(^|\.)layer[1-4]\.\d+\.(conv|bn)\d\./,
    (name) => `it is a convolutional network, as ResNet-50 is (it has ${name}), and has no attention`,
  ],
  [
    /\.lora_[A-Z]/i,
    (name) =>
      `it holds only LoRA weights (${name}), which change another network; merge them into that one first`,
  ],
  [
    /(^|\.)(input_blocks|down_blocks|middle_block|mid_block|up_blocks)\./,
    (name) => `it is a UNet, as diffusion models have (it has ${name}), and no Vision Transformer`,
  ],
  [
    /(^|\.)(word_embeddings|embed_tokens|wte|tok_embeddings|token_embedding)\.weight$/,
    (name) => `it is a network of words, as BERT and Llama are (it has ${name}), and no Vision Transformer`,
  ],
  [
    /(^|\.)(downsample_layers\.\d+\.\d+|stages\.\d+\.(blocks\.)?\d+\.(dwconv|conv_dw|gamma|layers\.\d+\.dwconv))(\.|$)/,
    (name) => `it is a convolutional network, as ConvNeXt is (it has ${name}), and has no attention`,
  ],
  [
    /(^|\/)(encoderblock(_\d+)?|encoder_norm|posembed_input)\//,
    (name) =>
      `it is a Vision Transformer of Google’s in JAX (it has ${name}), whose layers are laid out in another way; load it with timm ` +
      '(create_model with checkpoint_path) and save its state_dict()',
  ],
  [
    /(^|\.)_?flat_param(_\d+)?$/,
    (name) => `its parameters were flattened by FSDP (${name}); save the full state dict instead`,
  ],
];

/** Whether a network's first and later parts are there, so that no other file has its CLS token. */
const isWholeWithoutCls = (names: readonly string[]): boolean =>
  names.some((name) => /(^|\.)patch_embed/.test(name)) &&
  names.some((name) => /(^|\.)(blocks|layers?)\.0\./.test(name));

/** Whether these are the names of one layer, and nothing else. A layer among many others of a network has numbers before it. */
function isOneLayer(names: readonly string[]): boolean {
  const layers = names.map((name) => /^(.*?)\.?(weight|bias)$/.exec(name)?.[1]);
  return (
    layers[0] !== undefined && !/\.\d+(\.|$)/.test(layers[0]) && layers.every((layer) => layer === layers[0])
  );
}

/** @param names of all tensors of a file, none of which is a CLS token @returns a phrase that says what it is, or null */
export function describeWithoutCls(names: readonly string[]): string | null {
  for (const [pattern, says] of kindsWithoutCls) {
    const found = names.find((name) => pattern.test(name));
    if (found !== undefined) return says(found);
  }
  if (isOneLayer(names))
    return `it is a linear classifier for a network's features (it holds ${names.join(', ')}), and no network`;
  return isWholeWithoutCls(names)
    ? 'it is a Vision Transformer without a CLS token (as I-JEPA, SigLIP and Swin are); such networks cannot be run'
    : null;
}

/** The norm of a classifier that reads the mean of the patches. @returns whether it is in place of the network's own, after the last block */
const lacksOwnNorm = (names: readonly string[]): boolean =>
  names.includes('fc_norm.weight') && !names.includes('norm.weight');

/** @param names a network's own @returns a phrase that says what it is, or null where nothing speaks against it */
export function describeOtherKind(names: readonly string[]): string | null {
  for (const [pattern, says] of kinds) {
    const found = names.find((name) => pattern.test(name));
    if (found !== undefined) return says(found, names);
  }
  if (lacksOwnNorm(names))
    return (
      'its classifier reads the mean of the patches and has a norm for that (fc_norm), as MAE’s fine-tuned networks and timm’s with ' +
      'global_pool="avg" have; it has none after the last block, and such networks cannot be run. Take the network from before the ' +
      'fine-tuning, where there is one'
    );
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
  [
    /^numpy\./,
    'is an array of NumPy of another type than float16, float32 and float64, which alone can be read',
  ],
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
  for (const [name, { storedType, shape }] of tensors) {
    if (!isParameter(name)) continue;
    if (shape.includes(0))
      return `${name} has no values, as where a run on many devices saves its part only (DeepSpeed ZeRO, FSDP); put the parts together first`;
    if (isFloatType(storedType)) continue;
    return isQuantized(storedType)
      ? `its weights are quantized (${name} is stored as ${storedType}); ${quantized}`
      : describeType(name, storedType);
  }
  return null;
}
