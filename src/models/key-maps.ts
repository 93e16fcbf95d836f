/**
 * Brings a checkpoint's tensors to the official DINO parameter names: takes one of its networks, renames Hugging
 * Face's and timm's tensors, and lists what it leaves out (heads, other networks).
 */
import { FailureError } from '../core/failure.ts';
import { isTree, type StoredTensor, type TensorFile, type TensorTree } from '../formats/tensor-file.ts';
import { findNetworks, networksNamed, type Network } from './find-networks.ts';
import { joinTensors } from './join-tensors.ts';
import { describeOtherKind, describeUnreadable } from './other-kinds.ts';

export interface NamedParameters {
  /** By official names where they are known, else by their own without prefixes. */
  readonly tensors: TensorFile;
  /** What is not part of the network, e.g. `optimizer` or `head.*`. */
  readonly ignored: readonly string[];
  /** Its networks have 12 heads whatever their width. */
  readonly isMocoV3: boolean;
  /** Whether the names are those of a family that keeps no position for CLS: DeiT III, and timm's with registers. */
  readonly lacksClsPosition: boolean;
  /** The networks to choose from, the chosen one first; empty where the file has only one. */
  readonly networks: readonly string[];
}

/** Parts that a pass does not use, by their first name. */
const besides: readonly RegExp[] = [
  // Heads on top of the network: head, heads, head_dist, dino_head, projection_head …
  /(^|_)heads?(_|$)/,
  /^(fc|classifier|pooler|predictor|projector|projection|prototypes)$/,
  // Masked autoencoders rebuild the photograph with a second network.
  /^decoder(_|$)/,
  // What stands for a masked patch in training.
  /^(mask_token|masked_embed)$/,
  /^queue(_ptr)?$/,
];

const isBeside = (name: string): boolean => besides.some((pattern) => pattern.test(name));

const topNames: ReadonlyMap<string, string> = new Map([
  ['embeddings.cls_token', 'cls_token'],
  ['embeddings.position_embeddings', 'pos_embed'],
  ['embeddings.register_tokens', 'register_tokens'],
  ['embeddings.patch_embeddings.projection.weight', 'patch_embed.proj.weight'],
  ['embeddings.patch_embeddings.projection.bias', 'patch_embed.proj.bias'],
  ['layernorm.weight', 'norm.weight'],
  ['layernorm.bias', 'norm.bias'],
]);

const layerNames: ReadonlyMap<string, string> = new Map([
  ['layernorm_before', 'norm1'],
  ['layernorm_after', 'norm2'],
  ['attention.output.dense', 'attn.proj'],
  ['intermediate.dense', 'mlp.fc1'],
  ['output.dense', 'mlp.fc2'],
  // Since transformers 5.
  ['attention.o_proj', 'attn.proj'],
  // DINOv2's, in part the official names.
  ...['norm1', 'norm2', 'mlp.fc1', 'mlp.fc2'].map((name) => [name, name] as const),
]);

/** Query, key and value, in this order; the second are those of transformers 5. */
const attentionParts: readonly (readonly string[])[] = [
  ['attention.attention.query', 'attention.attention.key', 'attention.attention.value'],
  ['attention.q_proj', 'attention.k_proj', 'attention.v_proj'],
];

const invalid = (problem: string): FailureError => new FailureError({ code: 'checkpoint-invalid', problem });

const listKeys = (names: readonly string[]): string => {
  if (names.length === 0) return 'it holds no tensors';
  return `it holds ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
};

/** Whether some blocks of a network are there; the others may be in another file. */
const mayBePart = (tree: TensorTree): boolean =>
  [...tree.keys()].some((name) => /(^|\.)(blocks|layers?)\.\d+\./.test(name));

/** @param key the name of the network to take, where several are there @returns all networks, the chosen one first */
function pickNetwork(tree: TensorTree, key: string | undefined): readonly [Network, ...Network[]] {
  const networks = findNetworks(tree);
  const [chosen] = key === undefined ? networks : networksNamed(networks, key);
  if (chosen !== undefined) return [chosen, ...networks.filter((network) => network !== chosen)];
  const names = networks.map(({ name }) => name).filter((name) => name !== '');
  throw invalid(
    key === undefined
      ? `it holds no Vision Transformer: there is no cls_token (${listKeys([...tree.keys()])})${mayBePart(tree) ? '; it may be one part of several, which must be brought together' : ''}`
      : `it holds no Vision Transformer under '${key}' (${listKeys(names.length > 0 ? names : [...tree.keys()])})`,
  );
}

/** @returns the official name of Hugging Face's; query, key and value come out as parts of qkv, or null where it is none */
function officialName(name: string): { name: string; part: number | null } | null {
  const top = topNames.get(name);
  if (top !== undefined) return { name: top, part: null };
  const [, block, inner = ''] = /^(?:encoder\.)?layers?\.(\d+)\.(.+)$/.exec(name) ?? [];
  if (block === undefined) return null;
  const [, which] = /^layer_scale([12])\.lambda1$/.exec(inner) ?? [];
  if (which !== undefined) return { name: `blocks.${block}.ls${which}.gamma`, part: null };
  const [, layer = '', kind] = /^(.+)\.(weight|bias)$/.exec(inner) ?? [];
  for (const parts of attentionParts)
    if (parts.includes(layer))
      return { name: `blocks.${block}.attn.qkv.${kind}`, part: parts.indexOf(layer) };
  const official = layerNames.get(layer);
  return official === undefined ? null : { name: `blocks.${block}.${official}.${kind}`, part: null };
}

function renameHuggingFace(tensors: TensorFile): TensorFile {
  const renamed = new Map<string, StoredTensor>();
  const thirds = new Map<string, (StoredTensor | undefined)[]>();
  for (const [own, tensor] of tensors) {
    const official = officialName(own);
    if (official === null) renamed.set(own, tensor);
    else if (official.part === null) renamed.set(official.name, tensor);
    else {
      const parts = thirds.get(official.name) ?? [undefined, undefined, undefined];
      parts[official.part] = tensor;
      thirds.set(official.name, parts);
    }
  }
  for (const [name, parts] of thirds) renamed.set(name, joinTensors(name, parts));
  return renamed;
}

/**
 * Names that are the official ones but for a part: timm's registers, DeiT III's LayerScale, and DINOv2's training, which keeps
 * blocks in chunks (`blocks.0.7.` is block 7, in chunk 0).
 */
const renameOwn = (name: string): string =>
  name === 'reg_token'
    ? 'register_tokens'
    : name
        .replace(/^blocks\.\d+\.(\d+)\./, 'blocks.$1.')
        .replace(/^(blocks\.\d+)\.gamma_([12])$/, '$1.ls$2.gamma');

function renameOthers(tensors: TensorFile): TensorFile {
  const renamed = new Map<string, StoredTensor>();
  for (const [own, tensor] of tensors) {
    const name = renameOwn(own);
    if (renamed.has(name)) throw invalid(`it holds ${name} twice, under different names`);
    renamed.set(name, tensor);
  }
  return renamed;
}

/**
 * @param key which network to take, such as `student`; the teacher's where there is one and nothing is said
 * @throws FailureError 'checkpoint-invalid' where there is no Vision Transformer or more than one under the same names
 */
export function mapParameterNames(tree: TensorTree, key: string | undefined): NamedParameters {
  const networks = pickNetwork(tree, key);
  const [{ nodes, repeated, beside, isMocoV3 }] = networks;
  if (repeated !== null) throw invalid(`it holds ${repeated} twice, under different prefixes`);
  const kind = describeOtherKind([...nodes.keys()]);
  if (kind !== null) throw invalid(kind);
  const ignored = new Set(beside);
  const own = new Map<string, StoredTensor>();
  const isHuggingFace = nodes.has('embeddings.cls_token');
  for (const [name, node] of nodes) {
    const [first = '', ...rest] = name.replace(/^embeddings\.(?=mask_token$)/, '').split('.');
    if (isTree(node)) ignored.add(name);
    else if (isBeside(first)) ignored.add(rest.length === 0 ? name : `${first}.*`);
    else own.set(name, node);
  }
  const lacksClsPosition = [...own.keys()].some(
    (name) => name === 'reg_token' || /^blocks\.[\d.]+\.gamma_1$/.test(name),
  );
  const tensors = isHuggingFace ? renameHuggingFace(own) : renameOthers(own);
  const unreadable = describeUnreadable(tensors);
  if (unreadable !== null) throw invalid(unreadable);
  return {
    tensors,
    ignored: [...ignored],
    isMocoV3,
    lacksClsPosition,
    networks: networks.length > 1 ? networks.map(({ name }) => name) : [],
  };
}
