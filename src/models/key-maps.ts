/**
 * Brings a checkpoint's tensors to the official DINO parameter names: takes one of its networks, renames what
 * other programs call differently, and lists what it leaves out (heads, other networks).
 */
import { FailureError } from '../core/failure.ts';
import { isTree, type StoredTensor, type TensorFile, type TensorTree } from '../formats/tensor-file.ts';
import { findNetworks, networksNamed, type Network } from './find-networks.ts';
import { joinTensors } from './join-tensors.ts';
import { describeOtherKind, describeUnreadable, describeWithoutCls } from './other-kinds.ts';

export interface NamedParameters {
  /** By official names where they are known, else by their own without prefixes. */
  readonly tensors: TensorFile;
  /** What is not part of the network, e.g. `optimizer` or `head.*`. */
  readonly ignored: readonly string[];
  /** Its small network has 12 heads. */
  readonly isMocoV3: boolean;
  /** Whether the names are those of a family that keeps no position for CLS: DeiT III, and timm's with registers. */
  readonly lacksClsPosition: boolean;
  /** Whether the registers have timm's name. */
  readonly hasTimmRegisters: boolean;
  /** The networks to choose from, the chosen one first; empty where the file has only one. */
  readonly networks: readonly string[];
  /** The one whose names these are. */
  readonly chosen: Network;
}

/** Parts that a pass does not use, by their first name. */
const besides: readonly RegExp[] = [
  // Heads on top of the network: head, heads, head_dist, dino_head, projection_head …
  /(^|_)heads?(_|$)/,
  /^(fc|classifier|pooler|predictor|projector|projection|prototypes|pre_logits)$/,
  // Masked autoencoders rebuild the photograph with a second network.
  /^decoder(_|$)/,
  // Centres of DINO's and iBOT's losses.
  /(^|_)loss(_|$)/,
  // What stands for a masked patch in training.
  /^(mask_token|masked_embed)$/,
  /^queue(_ptr)?$/,
];

const isBeside = (name: string): boolean => besides.some((pattern) => pattern.test(name));

/** What thop counts in each layer. */
const isCount = (name: string): boolean => /(^|\.)total_(ops|params)$/.test(name);

/** Registers of which there are none. */
const isNone = (name: string, node: StoredTensor | TensorTree): boolean =>
  /(^|\.)(register_tokens|reg_token)$/.test(name) &&
  !isTree(node) &&
  node.shape.length === 3 &&
  node.shape[1] === 0;

/** The weight and the bias of a layer. */
function withKinds(own: string, official: string): (readonly [string, string])[] {
  return ['weight', 'bias'].map((kind) => [`${own}.${kind}`, `${official}.${kind}`] as const);
}

/** Names outside of the blocks: other program's → official. */
const topNames: ReadonlyMap<string, string> = new Map([
  // timm
  ['reg_token', 'register_tokens'],
  // Hugging Face
  ['embeddings.cls_token', 'cls_token'],
  ['embeddings.position_embeddings', 'pos_embed'],
  ['embeddings.register_tokens', 'register_tokens'],
  ...withKinds('embeddings.patch_embeddings.projection', 'patch_embed.proj'),
  ...withKinds('layernorm', 'norm'),
  // MMPretrain, and MMClassification before it
  ...withKinds('patch_embed.projection', 'patch_embed.proj'),
  ...withKinds('ln1', 'norm'),
  ...withKinds('norm1', 'norm'),
  // torchvision
  ['class_token', 'cls_token'],
  ['encoder.pos_embedding', 'pos_embed'],
  ...withKinds('conv_proj', 'patch_embed.proj'),
  ...withKinds('encoder.ln', 'norm'),
]);

/** Layers of a block, by their official names, as each program calls them. */
const layerNames: ReadonlyMap<string, string> = new Map(
  (
    [
      ['norm1', ['norm1', 'layernorm_before', 'ln1', 'ln_1']],
      ['norm2', ['norm2', 'layernorm_after', 'ln2', 'ln_2']],
      ['attn.qkv', ['attn.qkv']],
      // The third is that of transformers 5.
      [
        'attn.proj',
        [
          'attn.proj',
          'attention.output.dense',
          'attention.o_proj',
          'attn.out_proj',
          'self_attention.out_proj',
        ],
      ],
      ['mlp.fc1', ['mlp.fc1', 'intermediate.dense', 'ffn.layers.0.0', 'mlp.0', 'mlp.linear_1']],
      ['mlp.fc2', ['mlp.fc2', 'output.dense', 'ffn.layers.1', 'mlp.3', 'mlp.linear_2']],
    ] as const
  ).flatMap(([official, names]) => names.map((name) => [name, official] as const)),
);

/** Query, key and value, in this order; the second are those of transformers 5. */
const attentionParts: readonly (readonly string[])[] = [
  ['attention.attention.query', 'attention.attention.key', 'attention.attention.value'],
  ['attention.q_proj', 'attention.k_proj', 'attention.v_proj'],
  ['attn.q_proj', 'attn.k_proj', 'attn.v_proj'],
  ['attn.q', 'attn.k', 'attn.v'],
];

/** PyTorch's own attention layer has query, key and value in one, under names without a dot. */
const packedAttention = /^(?:attn|self_attention)\.in_proj_(weight|bias)$/;

/** LayerScale has a name of its own in nearly every program: `ls1.gamma`, `gamma_1`, `layer_scale1.lambda1`, `ffn.gamma2.weight`. */
const layerScale =
  /^(?:(?:attn|mlp|ffn)\.)?(?:ls|layer_?scale_?|gamma_?|lambda_?)([12])(?:\.(?:gamma|lambda1|scale|weight))?$/;

/**
 * The number of a block, and a name within it. DINOv2's training keeps blocks in chunks (`blocks.0.7.` is block 7, in
 * chunk 0).
 */
export const blockName =
  /^(?:(?:encoder|model)\.)?(?:blocks(?:\.\d+)?|layers?)\.(?:encoder_layer_)?(\d+)\.(.+)$/;

const invalid = (problem: string): FailureError => new FailureError({ code: 'checkpoint-invalid', problem });

const listKeys = (names: readonly string[]): string => {
  if (names.length === 0) return 'it holds no tensors';
  return `it holds ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
};

/** Whether some blocks of a network are there; the others may be in another file. */
const mayBePart = (names: readonly string[]): boolean =>
  names.some((name) => /(^|\.)(blocks|layers?)\.\d+\./.test(name));

/** As many names as are needed to tell what a file is. */
const maxNames = 10_000;

/** @returns the names of all tensors, after those of the dictionaries around them */
function tensorNames(tree: TensorTree): string[] {
  const names: string[] = [];
  const opened = new Set<TensorTree>();
  const pending: { readonly prefix: string; readonly tree: TensorTree }[] = [{ prefix: '', tree }];
  for (let next = 0; next < pending.length && next < maxNames; next++) {
    const place = pending[next];
    if (place === undefined || opened.has(place.tree)) continue;
    opened.add(place.tree);
    for (const [key, node] of place.tree) {
      if (names.length >= maxNames) return names;
      if (isTree(node)) pending.push({ prefix: `${place.prefix}${key}.`, tree: node });
      else names.push(place.prefix + key);
    }
  }
  return names;
}

/** @param key the name of the network to take, where several are there @returns all networks, the chosen one first */
function pickNetwork(tree: TensorTree, key: string | undefined): readonly [Network, ...Network[]] {
  const networks = findNetworks(tree);
  const [chosen] = key === undefined ? networks : networksNamed(networks, key);
  if (chosen !== undefined) return [chosen, ...networks.filter((network) => network !== chosen)];
  if (key !== undefined) {
    const names = networks.map(({ name }) => name).filter((name) => name !== '');
    throw invalid(
      `it holds no Vision Transformer under '${key}' (${listKeys(names.length > 0 ? names : [...tree.keys()])})`,
    );
  }
  const names = tensorNames(tree);
  throw invalid(
    describeWithoutCls(names) ??
      `it holds no Vision Transformer: there is no cls_token (${listKeys(names)})${mayBePart(names) ? '; it may be one part of several, which must be brought together' : ''}`,
  );
}

interface OfficialName {
  readonly name: string;
  /** Query, key and value that are kept apart are parts 0, 1 and 2 of qkv; null for all else. */
  readonly part: number | null;
}

/** @returns the official name where this is any program's name of the same, else the name itself */
function officialName(own: string): OfficialName {
  const whole = (name: string): OfficialName => ({ name, part: null });
  const top = topNames.get(own);
  if (top !== undefined) return whole(top);
  const [, block, inner = ''] = blockName.exec(own) ?? [];
  if (block === undefined) return whole(own);
  const [, which] = layerScale.exec(inner) ?? [];
  if (which !== undefined) return whole(`blocks.${block}.ls${which}.gamma`);
  const [, packed] = packedAttention.exec(inner) ?? [];
  if (packed !== undefined) return whole(`blocks.${block}.attn.qkv.${packed}`);
  const [, layer = '', kind] = /^(.+)\.(weight|bias)$/.exec(inner) ?? [];
  for (const parts of attentionParts)
    if (parts.includes(layer))
      return { name: `blocks.${block}.attn.qkv.${kind}`, part: parts.indexOf(layer) };
  const official = layerNames.get(layer);
  return whole(official === undefined ? own : `blocks.${block}.${official}.${kind}`);
}

function renameTensors(tensors: TensorFile): TensorFile {
  const renamed = new Map<string, StoredTensor>();
  const thirds = new Map<string, (StoredTensor | undefined)[]>();
  const twice = (name: string): FailureError => invalid(`it holds ${name} twice, under different names`);
  for (const [own, tensor] of tensors) {
    const { name, part } = officialName(own);
    if (part === null) {
      if (renamed.has(name)) throw twice(name);
      renamed.set(name, tensor);
      continue;
    }
    const parts = thirds.get(name) ?? [undefined, undefined, undefined];
    parts[part] = tensor;
    thirds.set(name, parts);
  }
  for (const [name, parts] of thirds) {
    if (renamed.has(name)) throw twice(name);
    renamed.set(name, joinTensors(name, parts));
  }
  return renamed;
}

/**
 * @param key which network to take, such as `student`; the teacher's where there is one and nothing is said
 * @throws FailureError 'checkpoint-invalid' where there is no Vision Transformer or more than one under the same names
 */
export function mapParameterNames(tree: TensorTree, key: string | undefined): NamedParameters {
  const networks = pickNetwork(tree, key);
  const [chosen] = networks;
  const { nodes, repeated, beside, isMocoV3 } = chosen;
  if (repeated !== null) throw invalid(`it holds ${repeated} twice, under different prefixes`);
  const ignored = new Set(beside);
  const own = new Map<string, StoredTensor>();
  const names: string[] = [];
  for (const [name, node] of nodes) {
    const [first = '', ...rest] = name.replace(/^embeddings\.(?=mask_token$)/, '').split('.');
    // A classifier's norm; in place of the network's own it tells another kind of network.
    const isClassifiersNorm = first === 'fc_norm' && nodes.has('norm.weight');
    if (isCount(name) || isNone(name, node)) ignored.add(name);
    else if (isBeside(first) || isClassifiersNorm)
      ignored.add(isTree(node) || rest.length === 0 ? name : `${first}.*`);
    else {
      names.push(name);
      if (isTree(node)) ignored.add(name);
      else own.set(name, node);
    }
  }
  const kind = describeOtherKind(names);
  if (kind !== null) throw invalid(kind);
  const hasTimmRegisters = own.has('reg_token');
  const lacksClsPosition =
    hasTimmRegisters || [...own.keys()].some((name) => /^blocks\.[\d.]+\.gamma_1$/.test(name));
  const tensors = renameTensors(own);
  const unreadable = describeUnreadable(tensors);
  if (unreadable !== null) throw invalid(unreadable);
  return {
    tensors,
    ignored: [...ignored],
    isMocoV3,
    lacksClsPosition,
    hasTimmRegisters,
    networks: networks.length > 1 ? networks.map(({ name }) => name) : [],
    chosen,
  };
}
