/**
 * From whatever a checkpoint holds to the official DINO parameter names: finds the state dict, strips the wrappers'
 * prefixes, renames Hugging Face's and timm's tensors, and leaves out heads and second networks, saying so.
 */
import { FailureError } from '../core/failure.ts';
import { isTree, type StoredTensor, type TensorFile, type TensorTree } from '../formats/tensor-file.ts';
import { joinTensors } from './join-tensors.ts';

export interface NamedParameters {
  /** By official names where they are known, else by their own without prefixes. */
  readonly tensors: TensorFile;
  /** What was there and is not part of the network, e.g. `optimizer` or `head.*`. */
  readonly ignored: readonly string[];
  /** MoCo v3 saves under a prefix of its own, and its networks have 12 heads whatever their width. */
  readonly isMocoV3: boolean;
  /** Whether the names are those of a family that keeps no position for CLS: timm's with registers. */
  readonly lacksClsPosition: boolean;
}

/** Where a state dict may lie below the top, the first that is there. DINO's figures are the teacher's. */
const dictionaries = ['teacher', 'student', 'model', 'state_dict'];

/** What training wrappers put before a network's own names. */
const wrappers = /^(?:(?:module|backbone|base_encoder|_orig_mod)\.)+/;

/** Parts of a file that are no part of the backbone, by their first name after the prefixes. */
const besides: ReadonlySet<string> = new Set([
  'head',
  'dino_head',
  'ibot_head',
  'fc',
  'predictor',
  'momentum_encoder',
  'pooler',
  'classifier',
  'projection_head',
  'queue',
  'queue_ptr',
]);

/** What stands for a masked patch in training, and is not used by a look at a photograph. */
const maskTokens: ReadonlySet<string> = new Set(['mask_token', 'embeddings.mask_token']);

/** Hugging Face's prefixes where a head is on top. */
const hubPrefix = /^(?:vit|dinov2|dinov2_with_registers)\./;

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
  // DINOv2's, in part the official names.
  ...['norm1', 'norm2', 'mlp.fc1', 'mlp.fc2'].map((name) => [name, name] as const),
]);

const invalid = (problem: string): FailureError => new FailureError({ code: 'checkpoint-invalid', problem });

const ownName = (name: string): string => name.replace(wrappers, '');

const isClsToken = (name: string): boolean => /(^|\.)cls_token$/.test(name);

const hasNetwork = (node: StoredTensor | TensorTree | undefined): node is TensorTree =>
  node !== undefined && isTree(node) && [...node.keys()].some(isClsToken);

const listKeys = (tree: TensorTree): string => {
  const keys = [...tree.keys()];
  if (keys.length === 0) return 'it holds no tensors';
  return `it holds ${keys.slice(0, 5).join(', ')}${keys.length > 5 ? ` and ${keys.length - 5} more` : ''}`;
};

/**
 * @param key the name of the dictionary to take, where several networks are there
 * @returns the state dict and what lies beside it
 */
function pickStateDict(tree: TensorTree, key: string | undefined): { state: TensorTree; beside: string[] } {
  const candidates = key === undefined ? dictionaries : [key];
  const found = candidates.find((name) => hasNetwork(tree.get(name)));
  const state = found === undefined ? undefined : tree.get(found);
  if (state !== undefined && isTree(state))
    return { state, beside: [...tree.keys()].filter((name) => name !== found) };
  if (!hasNetwork(tree))
    throw invalid(
      key === undefined
        ? `it holds no Vision Transformer: there is no cls_token (${listKeys(tree)})`
        : `it holds no Vision Transformer under '${key}' (${listKeys(tree)})`,
    );
  return pickByPrefix(tree, key);
}

/** A flat file of two networks has the dictionary's name as a prefix: `teacher.backbone.cls_token`. */
function pickByPrefix(tree: TensorTree, key: string | undefined): { state: TensorTree; beside: string[] } {
  const prefixes = ['teacher.', 'student.'].filter((prefix) =>
    [...tree.keys()].some((name) => name.startsWith(prefix) && isClsToken(name)),
  );
  const wanted = key === undefined ? prefixes[0] : `${key}.`;
  if (wanted === undefined) return { state: tree, beside: [] };
  if (!prefixes.includes(wanted))
    throw invalid(`it holds no Vision Transformer under '${key}' (${listKeys(tree)})`);
  const state = new Map<string, StoredTensor | TensorTree>();
  const beside = new Set<string>();
  for (const [name, node] of tree)
    if (name.startsWith(wanted)) state.set(name.slice(wanted.length), node);
    else beside.add(`${name.split('.')[0]}.*`);
  return { state, beside: [...beside] };
}

/** @returns the names to choose from where a file holds several networks, the chosen one first; else none */
export function listNetworks(tree: TensorTree, chosen: string | undefined): readonly string[] {
  const names = dictionaries.filter(
    (name) =>
      hasNetwork(tree.get(name)) ||
      [...tree.keys()].some((key) => key.startsWith(`${name}.`) && isClsToken(key)),
  );
  const first = names.find((name) => name === chosen) ?? names[0];
  return names.length < 2 || first === undefined ? [] : [first, ...names.filter((name) => name !== first)];
}

/** @returns the official name of Hugging Face's; query, key and value come out as parts of qkv, or null where it is none */
function officialName(name: string): { name: string; part: number | null } | null {
  const top = topNames.get(name);
  if (top !== undefined) return { name: top, part: null };
  const [, scaled, which] = /^encoder\.layer\.(\d+)\.layer_scale([12])\.lambda1$/.exec(name) ?? [];
  if (scaled !== undefined) return { name: `blocks.${scaled}.ls${which}.gamma`, part: null };
  const [, block, inner = '', kind] = /^encoder\.layer\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
  if (block === undefined) return null;
  const part = ['query', 'key', 'value'].findIndex((each) => inner === `attention.attention.${each}`);
  if (part >= 0) return { name: `blocks.${block}.attn.qkv.${kind}`, part };
  const layer = layerNames.get(inner);
  return layer === undefined ? null : { name: `blocks.${block}.${layer}.${kind}`, part: null };
}

function renameHuggingFace(tensors: TensorFile): TensorFile {
  const renamed = new Map<string, StoredTensor>();
  const thirds = new Map<string, (StoredTensor | undefined)[]>();
  for (const [long, tensor] of tensors) {
    const own = long.replace(hubPrefix, '');
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

/** timm keeps the official names but for the registers'. */
const renameTimm = (tensors: TensorFile): TensorFile =>
  new Map([...tensors].map(([name, tensor]) => [name === 'reg_token' ? 'register_tokens' : name, tensor]));

/**
 * @param key which dictionary to take, such as `student`; the teacher's where there is one and nothing is said
 * @throws FailureError 'checkpoint-invalid' where there is no Vision Transformer or more than one under the same names
 */
export function mapParameterNames(tree: TensorTree, key: string | undefined): NamedParameters {
  const { state, beside } = pickStateDict(tree, key);
  const ignored = new Set(beside);
  const own = new Map<string, StoredTensor>();
  let isMocoV3 = false;
  for (const [long, node] of state) {
    const name = ownName(long);
    const hubName = name.replace(hubPrefix, '');
    const [first = ''] = hubName.split('.');
    if (isTree(node)) ignored.add(long);
    else if (maskTokens.has(hubName)) ignored.add(hubName);
    else if (besides.has(first)) ignored.add(first === name ? name : `${first}.*`);
    else {
      if (own.has(name)) throw invalid(`it holds ${name} twice, under different prefixes`);
      own.set(name, node);
      isMocoV3 ||= long.startsWith('module.base_encoder.');
    }
  }
  const isHuggingFace = [...own.keys()].some(
    (name) => name.replace(hubPrefix, '') === 'embeddings.cls_token',
  );
  const tensors = isHuggingFace ? renameHuggingFace(own) : renameTimm(own);
  return { tensors, ignored: [...ignored], isMocoV3, lacksClsPosition: own.has('reg_token') };
}
