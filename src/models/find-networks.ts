/**
 * The Vision Transformers in a checkpoint, wherever they lie in it: each is found by its `cls_token` and named by what stands before
 * that, dictionaries and prefixes alike. What training wrappers put between the names says nothing, and goes.
 */
import { isTree, type StoredTensor, type TensorTree } from '../formats/tensor-file.ts';

export interface Network {
  /** Different for each network of a file; empty where there is one and nothing stands before it. */
  readonly name: string;
  /** All that stands before its parameters, e.g. `model`, `teacher`, `backbone`. */
  readonly path: readonly string[];
  /** By the network's own names. */
  readonly nodes: ReadonlyMap<string, StoredTensor | TensorTree>;
  /** Two parameters have come to have one name: which, or null. */
  readonly repeated: string | null;
  /** What lies beside it in the file, from the top down: `optimizer`, `student.*`. */
  readonly beside: readonly string[];
  /** MoCo v3 saves under a prefix of its own, and its networks have 12 heads whatever their width. */
  readonly isMocoV3: boolean;
}

/** DataParallel, torch.compile, activation checkpointing, FSDP, Lightning's strategies, Opacus. */
const wrappers: ReadonlySet<string> = new Set([
  'module',
  '_orig_mod',
  '_checkpoint_wrapped_module',
  '_fsdp_wrapped_module',
  '_forward_module',
  '_module',
]);

/** An optimizer keeps tensors by the parameters' names too. */
const isOptimizers = (path: readonly string[]): boolean =>
  path.some((part) => /^(optim(izer)?s?(_states?|_state_dict)?|exp_avg(_sq)?|momentum_buffer)$/i.test(part));

const segmentsOf = (name: string): string[] => name.split('.').filter((part) => !wrappers.has(part));

const startsWith = (name: readonly string[], start: readonly string[]): boolean =>
  start.every((part, i) => name[i] === part);

/** A dictionary, and one way to it from the top. */
interface Place {
  readonly tree: TensorTree;
  readonly keys: readonly string[];
  /** The dictionaries on the way, from the top. */
  readonly above: readonly TensorTree[];
}

/** Deeper than anybody nests them. */
const maxDepth = 16;
/** One dictionary may stand in several places, as teacher and as student; more often than that is an attack. */
const maxPlaces = 10_000;

/** Every dictionary once, in the order of the file, the outer ones first; with the other names that it has where it was found. */
function listPlaces(root: TensorTree): Place[] {
  const places: Place[] = [{ tree: root, keys: [], above: [] }];
  const opened = new Set<TensorTree>();
  for (let next = 0; next < places.length; next++) {
    const place = places[next];
    if (place === undefined || place.keys.length >= maxDepth || opened.has(place.tree)) continue;
    opened.add(place.tree);
    for (const [key, node] of place.tree) {
      if (!isTree(node)) continue;
      if (places.length >= maxPlaces) return places;
      places.push({ tree: node, keys: [...place.keys, key], above: [...place.above, place.tree] });
    }
  }
  return places;
}

type Found = Omit<Network, 'name'>;

/** Names of the tensors in a dictionary without their wrappers, worked out once. */
type CleanNames = ReadonlyMap<string, readonly string[]>;

/** @returns what stands before `cls_token`, or before Hugging Face's `embeddings.cls_token`; null where the name is another */
function prefixOf(name: readonly string[]): readonly string[] | null {
  if (name.at(-1) !== 'cls_token') return null;
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
  let isMocoV3 = false;
  for (const [key, name] of names) {
    if (startsWith(name, prefix) && !inner.some((other) => startsWith(name, other))) {
      const own = name.slice(prefix.length).join('.');
      if (nodes.has(own)) repeated ??= own;
      const node = place.tree.get(key);
      if (node !== undefined) nodes.set(own, node);
      isMocoV3 ||= /^module\.(base|momentum)_encoder\./.test(key);
    } else {
      let shared = 0;
      while (shared < name.length - 1 && name[shared] === prefix[shared]) shared++;
      beside.add(listed(name.slice(shared)));
    }
  }
  const path = [...place.keys.filter((key) => !wrappers.has(key)), ...prefix];
  return { path, nodes, repeated, beside: [...beside], isMocoV3 };
}

/** A dictionary's names, and what stands before each network in it. */
interface Contents {
  readonly names: CleanNames;
  readonly prefixes: readonly (readonly string[])[];
}

function contentsOf(tree: TensorTree): Contents | null {
  const keys = [...tree.keys()];
  if (!keys.some((key) => key.endsWith('cls_token'))) return null;
  const names: CleanNames = new Map(keys.map((key) => [key, segmentsOf(key)]));
  const prefixes = new Map<string, readonly string[]>();
  for (const [key, name] of names) {
    const prefix = prefixOf(name);
    const node = tree.get(key);
    if (prefix !== null && node !== undefined && !isTree(node)) prefixes.set(prefix.join('.'), prefix);
  }
  return { names, prefixes: [...prefixes.values()] };
}

/** The most that anybody could choose from; more are an attack. */
const maxNetworks = 64;

function networksIn(root: TensorTree): Found[] {
  const contents = new Map<TensorTree, Contents | null>();
  const found: Found[] = [];
  for (const place of listPlaces(root)) {
    let held = contents.get(place.tree);
    if (held === undefined) contents.set(place.tree, (held = contentsOf(place.tree)));
    for (const prefix of held?.prefixes ?? []) {
      if (held === null || found.length >= maxNetworks) break;
      const network = takeNetwork(place, held.names, prefix, held.prefixes);
      if (!isOptimizers(network.path)) found.push(network);
    }
  }
  return found;
}

const hasPatches = ({ nodes }: Found): boolean =>
  [...nodes.keys()].some((name) => name.startsWith('patch_embed') || name.startsWith('embeddings.patch_'));

/** What all paths have in common says nothing; where the rest would not tell them apart, the whole path does. */
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

/** Averages and momentum encoders of methods that go on with the other one. */
const isSecond = ({ path }: Network): boolean => path.some((part) => /(^|_)(ema|momentum)(_|$)/i.test(part));

const rankOf = (network: Network): number => (isTeacher(network) ? 0 : isSecond(network) ? 2 : 1);

/** @returns every network in the file, that which is taken where nothing is said first: the teacher's where there is one */
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
