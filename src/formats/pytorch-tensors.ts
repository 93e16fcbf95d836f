/**
 * Turns a PyTorch pickle's content into a tree of tensors, each checked against its storage and read only on request.
 */
import { elementCount } from '../core/architecture.ts';
import { FailureError } from '../core/failure.ts';
import { bytesPerFloat, toFloat32, type FloatType } from './float-values.ts';
import { arrayOf, storeArray } from './numpy-arrays.ts';
import { dictsOf, findFull, isContainer, isOddTensor } from './pickle-containers.ts';
import {
  attributesOf,
  isKind,
  itemsOf,
  type PickleDict,
  type PickleTensor,
  type PickleValue,
} from './pickle-values.ts';
import { settingsNamed } from './pickle-settings.ts';
import { storageTypes, type StorageFile } from './pytorch-storages.ts';
import { gather, isContiguous, reverseElements } from './strided-values.ts';
import { isTree, unreadable, type StoredTensor, type TensorTree } from './tensor-file.ts';

const invalid = (problem: string): FailureError => new FailureError({ code: 'checkpoint-invalid', problem });

/** @throws FailureError 'checkpoint-invalid' where the tensor does not fit its storage */
function storeTensor(
  name: string,
  tensor: PickleTensor,
  float: FloatType,
  source: StorageFile,
): StoredTensor {
  const { shape, strides, storage } = tensor;
  const count = elementCount(shape);
  const bytesPerElement = bytesPerFloat[float];
  // The index of the last value that the view uses. A sum that is too large to be exact is out of range anyway.
  const span =
    count === 0 ? 0 : 1 + shape.reduce((sum, side, axis) => sum + (side - 1) * (strides[axis] ?? 0), 0);
  const first = storage.viewOffset + tensor.offset;
  if (!(first + span <= storage.elements)) throw invalid(`${name} reaches beyond its storage`);
  // A stride of zero repeats values. A shape with more values than the file could hold is an attack.
  if (!(count * bytesPerElement <= source.byteLength))
    throw invalid(`${name} has the shape [${shape.join(', ')}], which is larger than the file`);
  const problem = source.check(storage);
  if (problem !== null) throw invalid(`${name} cannot be read: ${problem}`);
  return {
    name,
    shape,
    storedType: float,
    read: async () => {
      if (count === 0) return new Float32Array();
      const bytes = await source.read(storage, first * bytesPerElement, (first + span) * bytesPerElement);
      if (bytes === null)
        throw invalid(`the values of ${name} cannot be read; the file ends too early or has changed`);
      if (source.isBigEndian) reverseElements(bytes, bytesPerElement);
      const stored = toFloat32(bytes, float);
      const values = isContiguous(tensor) ? stored : gather(stored, tensor, count);
      return tensor.isNegated === true ? values.map((value) => -value) : values;
    },
  };
}

/** @returns the tree's entry for a value that is not a container; null where it is not a tensor */
function leafOf(name: string, part: PickleValue, source: StorageFile): StoredTensor | null {
  if (isKind(part, 'tensor')) {
    const type = part.type ?? part.storage.type;
    const float = part.type === undefined ? (storageTypes.get(type)?.float ?? null) : null;
    return float === null
      ? unreadable(name, part.shape, `torch.${type}`)
      : storeTensor(name, part, float, source);
  }
  const array = isKind(part, 'opaque') ? arrayOf(part) : null;
  if (array !== null) return storeArray(name, array);
  return isKind(part, 'opaque') && isOddTensor(part.name) ? unreadable(name, [], part.name) : null;
}

/** Two bytes of a pickle are enough to name a tensor again. Far more names than any network has are an attack. */
const maxEntries = 1_000_000;
/** Names of what has no tensors, for a person to read. What lies further in, or after so many, is left out. */
const maxOthers = 10_000;
const withoutTensors: TensorTree = new Map();
/** Longer than any network's names: names within names within names would take more memory than there is. */
const maxNameLength = 1_000;

/** A value whose parts go into `tree`, after `prefix`. */
interface Container {
  readonly value: PickleValue;
  readonly tree: Map<string, StoredTensor | TensorTree>;
  readonly prefix: string;
  /** An object, or a part of one: objects within it belong to it, as modules to their network. */
  readonly isObject: boolean;
}

/** Far more buffers than a module has. */
const maxUnsaved = 1_000;

/** Names of a module's buffers that its `state_dict()` leaves out. */
const unsavedNames = (value: PickleValue): readonly PickleValue[] =>
  itemsOf(attributesOf(value)?.entries.get('_non_persistent_buffers_set'))?.slice(0, maxUnsaved) ?? [];

/** An object within a network that was saved as one: a module, with what it says of itself. */
export interface ModuleSettings {
  /** Its place among the tensors' names, as in `blocks.0.attn`; empty for the whole. */
  readonly name: string;
  /** Its class, as in `torch.nn.modules.activation.GELU`. */
  readonly type: string;
  /** @returns one of its attributes, or undefined */
  attribute(name: string): unknown;
}

export interface TensorParts {
  readonly tree: TensorTree;
  /** What the file holds besides tensors and plain values, by the names of their types. */
  readonly skipped: readonly string[];
  /** All that the file can hold, unpacked. */
  readonly byteLength: number;
  /** By the dictionaries that have the parameters of these modules. */
  readonly modules: ReadonlyMap<TensorTree, readonly ModuleSettings[]>;
  /** Its options, as of the run that wrote it. @returns all values that stand under one of these names, as plain data */
  settingsNamed(names: ReadonlySet<string>): readonly unknown[];
}

/** What a file has besides that holds tensors and nothing else. */
export const plainParts: Omit<TensorParts, 'tree' | 'byteLength'> = {
  skipped: [],
  modules: new Map(),
  settingsNamed: () => [],
};

/** @returns whether a tensor is anywhere in it */
export function hasTensors(tree: TensorTree): boolean {
  const trees = new Set([tree]);
  // What is added while it runs is visited too.
  for (const each of trees)
    for (const node of each.values()) {
      if (!isTree(node)) return true;
      trees.add(node);
    }
  return false;
}

/**
 * Breadth first, and each container once, so that depth and shared parts cost nothing. A network that was saved as an
 * object is read as its attributes, and has the same names as its `state_dict()`.
 * @throws FailureError 'checkpoint-invalid' where a tensor does not fit its storage
 */
export function collectTensors(root: PickleValue, source: StorageFile): TensorParts {
  const skipped = new Set<string>();
  const trees = new Map<PickleValue, TensorTree>();
  const pending: Container[] = [];
  const full = findFull(root);
  const modules = new Map<TensorTree, ModuleSettings[]>();
  const opened = new Set<PickleDict>();
  const treeOf = (value: PickleValue): TensorTree => {
    const known = trees.get(value);
    if (known !== undefined) return known;
    const tree = new Map<string, StoredTensor | TensorTree>();
    trees.set(value, tree);
    pending.push({ value, tree, prefix: '', isObject: isKind(value, 'opaque') });
    return tree;
  };
  const tree = treeOf(root);
  let entries = 0;
  let others = 0;
  const put = (into: Container['tree'], name: string, node: StoredTensor | TensorTree): void => {
    if (++entries > maxEntries) throw invalid(`it names more than ${maxEntries} tensors`);
    into.set(name, node);
  };
  /** The names and values of a container; nothing of a dictionary that was opened before, by another object. */
  function* partsOf(value: PickleValue): Generator<readonly [string, PickleValue]> {
    const unsaved = new Set(unsavedNames(value));
    for (const dict of dictsOf(value)) {
      if (opened.has(dict)) continue;
      opened.add(dict);
      for (const [name, part] of dict.entries) if (!unsaved.has(name)) yield [name, part];
    }
    for (const [index, item] of (itemsOf(value) ?? []).entries()) yield [String(index), item];
  }
  for (let next = 0; next < pending.length; next++) {
    const container = pending[next];
    if (container === undefined) continue;
    const { value, prefix } = container;
    if (container.isObject && isKind(value, 'opaque')) {
      const module: ModuleSettings = {
        name: prefix.slice(0, -1),
        type: value.name,
        attribute: (name) => attributesOf(value)?.entries.get(name),
      };
      const known = modules.get(container.tree);
      if (known === undefined) modules.set(container.tree, [module]);
      else known.push(module);
    }
    for (const [own, part] of partsOf(value)) {
      const name = prefix + own;
      const leaf = leafOf(name, part, source);
      if (leaf !== null) put(container.tree, name, leaf);
      else if (isKind(part, 'opaque') && !isContainer(part)) skipped.add(part.name);
      else if (isKind(part, 'opaque') && container.isObject && name.length < maxNameLength)
        pending.push({ ...container, value: part, prefix: `${name}.` });
      else if (full.has(part)) put(container.tree, name, treeOf(part));
      else if (isKind(part, 'opaque')) skipped.add(part.name);
      else if (isContainer(part) && ++others <= maxOthers)
        container.tree.set(name, trees.get(part) ?? withoutTensors);
    }
  }
  return {
    tree,
    skipped: [...skipped],
    byteLength: source.byteLength,
    modules,
    settingsNamed: (names) => settingsNamed(root, names),
  };
}
