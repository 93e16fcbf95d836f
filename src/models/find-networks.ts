/**
 * Finds the Vision Transformers in a checkpoint, at any depth: each by its `cls_token`, and named by the dictionaries
 * and prefixes before it. Names that training wrappers insert are dropped.
 */
import { isTree, type StoredTensor, type TensorTree } from '../formats/tensor-file.ts';

export interface Network {
  /** Different for each network of a file; empty for a single network without a prefix. */
  readonly name: string;
  /** All names before its parameters, e.g. `model`, `teacher`, `backbone`. */
  readonly path: readonly string[];
  /** The dictionary that it is in. */
  readonly tree: TensorTree;
  /** What stands before its parameters' names there. */
  readonly prefix: readonly string[];
  /** By the network's own names. */
  readonly nodes: ReadonlyMap<string, StoredTensor | TensorTree>;
  /** The name that two parameters share, or null. */
  readonly repeated: string | null;
  /** What else is in the file, from the top down: `optimizer`, `student.*`. */
  readonly beside: readonly string[];
  /** MoCo v3 saves under prefixes of its own, and its small network has 12 heads. */
  readonly isMocoV3: boolean;
}

/** DataParallel, torch.compile, activation checkpointing, FSDP, Lightning's strategies, Opacus. */
const wrappers: ReadonlySet<string> = new Set([
  'module',
  '_orig_mod',
  '_checkpoint_wrapped_module',
  '_fsdp_wrapped_module',
  '_fpw_module',
  '_forward_module',
  '_module',
]);

/** An optimizer has tensors under the parameters' names, too; so have gradients. */
const isOptimizers = (path: readonly string[]): boolean =>
  path.some((part) =>
    /^(opt(im(izer)?)?s?(_states?|_state_dict)?|exp_avg(_sq)?|momentum_buffer|grad(ient)?s?)$/i.test(part),
  );

export const segmentsOf = (name: string): string[] => name.split('.').filter((part) => !wrappers.has(part));

export const startsWith = (name: readonly string[], start: readonly string[]): boolean =>
  start.every((part, i) => name[i] === part);

/** A dictionary, and one path to it from the top. */
interface Place {
  readonly tree: TensorTree;
  readonly keys: readonly string[];
  /** The dictionaries on the path, from the top. */
  readonly above: readonly TensorTree[];
}

/** Deeper than any real file. */
const maxDepth = 16;
/** One dictionary may be in several places, as teacher and as student. More places of networks than this are an attack. */
const maxPlaces = 10_000;

/**
 * @param hasNetwork whether a dictionary is of interest by itself, and not only for what is in it
 * @returns the places of these, in the order of the file, the outer ones first
 */
function listPlaces(root: TensorTree, hasNetwork: (tree: TensorTree) => boolean): Place[] {
  const pending: Place[] = [{ tree: root, keys: [], above: [] }];
  const seen = new Set([root]);
  const opened = new Set<TensorTree>();
  const places: Place[] = [];
  for (let next = 0; next < pending.length && places.length < maxPlaces; next++) {
    const place = pending[next];
    if (place === undefined) continue;
    const { tree, keys, above } = place;
    if (hasNetwork(tree)) places.push(place);
    // What lies in several places is opened where it was found first.
    if (keys.length >= maxDepth || opened.has(tree)) continue;
    opened.add(tree);
    for (const [key, node] of tree) {
      if (!isTree(node) || node.size === 0 || isOptimizers([key])) continue;
      if (seen.has(node) && !hasNetwork(node)) continue;
      seen.add(node);
      pending.push({ tree: node, keys: [...keys, key], above: [...above, tree] });
    }
  }
  return places;
}

type Found = Omit<Network, 'name'>;

/** Names in MoCo v3's own files, and in MMPretrain's, where the network beside these is of the same run. */
const isOfMocoV3 = (key: string): boolean =>
  /^(module\.(base|momentum)_encoder|momentum_encoder\.module\.0)\./.test(key);

/** Names of the tensors in a dictionary without their wrappers, worked out once. */
type CleanNames = ReadonlyMap<string, readonly string[]>;

/** torchvision says `class_token`. */
const isCls = (name: string | undefined): boolean => name === 'cls_token' || name === 'class_token';

/** @returns the prefix before `cls_token` or Hugging Face's `embeddings.cls_token`; null for other names */
function prefixOf(name: readonly string[]): readonly string[] | null {
  if (!isCls(name.at(-1))) return null;
  return name.slice(0, name.at(-2) === 'embeddings' ? -2 : -1);
}

/** @returns `rest` as it is listed: by its first name, with a star where more stands behind that */
const listed = (rest: readonly string[]): string => (rest.length > 1 ? `${rest[0]}.*` : (rest[0] ?? ''));

function takeNetwork(
  place: Place,
  names: CleanNames,
  prefix: readonly string[],
  others: readonly (readonly string[])[],
): Found {
  const nodes = new Map<string, StoredTensor | TensorTree>();
  const beside = new Set<string>();
  for (const [depth, tree] of place.above.entries())
    for (const key of tree.keys()) if (key !== place.keys[depth]) beside.add(key);
  // A network within this one's names, as `teacher.cls_token` beside `cls_token`, is another.
  const inner = others.filter((other) => other.length > prefix.length && startsWith(other, prefix));
  let repeated: string | null = null;
  for (const [key, name] of names) {
    if (startsWith(name, prefix) && !inner.some((other) => startsWith(name, other))) {
      const own = name.slice(prefix.length).join('.');
      if (nodes.has(own)) repeated ??= own;
      const node = place.tree.get(key);
      if (node !== undefined) nodes.set(own, node);
    } else {
      let shared = 0;
      while (shared < name.length - 1 && name[shared] === prefix[shared]) shared++;
      beside.add(listed(name.slice(shared)));
    }
  }
  const path = [...place.keys.filter((key) => !wrappers.has(key)), ...prefix];
  return {
    tree: place.tree,
    prefix,
    path,
    nodes,
    repeated,
    beside: [...beside],
    isMocoV3: [...names.keys()].some(isOfMocoV3),
  };
}

/** A dictionary's names, and what stands before each network in it. */
interface Contents {
  readonly names: CleanNames;
  readonly prefixes: readonly (readonly string[])[];
}

function contentsOf(tree: TensorTree): Contents | null {
  const keys = [...tree.keys()];
  if (!keys.some((key) => isCls(key.slice(key.lastIndexOf('.') + 1)))) return null;
  const names: CleanNames = new Map(keys.map((key) => [key, segmentsOf(key)]));
  const prefixes = new Map<string, readonly string[]>();
  for (const [key, name] of names) {
    const prefix = prefixOf(name);
    const node = tree.get(key);
    if (prefix !== null && node !== undefined && !isTree(node)) prefixes.set(prefix.join('.'), prefix);
  }
  return { names, prefixes: [...prefixes.values()] };
}

/** More networks than a person could choose from; more are an attack. */
const maxNetworks = 64;

function networksIn(root: TensorTree): Found[] {
  const contents = new Map<TensorTree, Contents | null>();
  const held = (tree: TensorTree): Contents | null => {
    const known = contents.get(tree);
    if (known !== undefined) return known;
    const found = contentsOf(tree);
    contents.set(tree, found);
    return found;
  };
  const found: Found[] = [];
  for (const place of listPlaces(root, (tree) => held(tree) !== null)) {
    const { names, prefixes = [] } = held(place.tree) ?? {};
    for (const prefix of prefixes) {
      if (names === undefined || found.length >= maxNetworks) break;
      const network = takeNetwork(place, names, prefix, prefixes);
      if (!isOptimizers(network.path)) found.push(network);
    }
  }
  return found;
}

const hasPatches = ({ nodes }: Found): boolean =>
  [...nodes.keys()].some((name) => /^(patch_embed|embeddings\.patch_|conv_proj)/.test(name));

/** The common part of all paths is left out; where the rest is ambiguous, the whole path is used. */
function nameNetworks(found: readonly Found[]): Network[] {
  const isCommon = (part: string): boolean => found.every(({ path }) => path.includes(part));
  const short = found.map(({ path }) => path.filter((part) => !isCommon(part)).join('.'));
  const isTold = found.length > 1 && new Set(short).size === found.length;
  const used = new Set<string>();
  return found.map((network, i) => {
    const whole = network.path.join('.');
    const plain = (isTold ? short[i] : whole) || whole || (found.length > 1 ? 'top' : '');
    let name = plain;
    for (let number = 2; used.has(name); number++) name = `${plain}-${number}`;
    used.add(name);
    return { ...network, name };
  });
}

/** DINO's figures are the teacher's. solo-learn calls it the momentum backbone. */
const isTeacher = ({ path }: Network): boolean =>
  path.some((part) => /(^|_)teacher(_|$)/i.test(part) || part === 'momentum_backbone');

/** Averages and momentum encoders of methods that use the other network. */
const isSecond = ({ path }: Network): boolean => path.some((part) => /(^|_)(ema|momentum)(_|$)/i.test(part));

const rankOf = (network: Network): number => (isTeacher(network) ? 0 : isSecond(network) ? 2 : 1);

/** @returns every network in the file, the default first: the teacher where there is one */
export function findNetworks(root: TensorTree): readonly Network[] {
  const found = networksIn(root);
  const whole = found.filter(hasPatches);
  // Sorting keeps the file's order among equals.
  return nameNetworks(whole.length > 0 ? whole : found).sort((a, b) => rankOf(a) - rankOf(b));
}

/**
 * @param key a network's name, or any of the names that stand before its parameters
 * @returns the networks of that name in the order of `findNetworks`
 */
export function networksNamed(networks: readonly Network[], key: string): readonly Network[] {
  const exact = networks.filter(({ name }) => name === key);
  if (exact.length > 0) return exact;
  const wanted = segmentsOf(key);
  return networks.filter(({ path }) => path.some((_, i) => startsWith(path.slice(i), wanted)));
}
