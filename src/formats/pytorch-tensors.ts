/**
 * Turns a PyTorch pickle's content into a tree of tensors, each checked against its storage and read only on request.
 */
import { elementCount } from '../core/architecture.ts';
import { FailureError } from '../core/failure.ts';
import { bytesPerFloat, toFloat32, type FloatType } from './float-values.ts';
import { arrayOf, storeArray } from './numpy-arrays.ts';
import {
  attributesOf,
  isKind,
  itemsOf,
  type PickleDict,
  type PickleTensor,
  type PickleValue,
} from './pickle-values.ts';
import { readSettings } from './pickle-settings.ts';
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
  // A tensor of a kind that is not known (sparse, of a subclass, without values), or an array of objects.
  const isTensor =
    isKind(part, 'opaque') &&
    /^torch\w*\..*_rebuild_\w*$|^numpy\..*\.(_reconstruct|_frombuffer)$/.test(part.name);
  return isTensor ? unreadable(name, [], part.name) : null;
}

/** Two bytes of a pickle are enough to name a tensor again. Far more names than any network has are an attack. */
const maxEntries = 1_000_000;
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

/**
 * @returns the dictionaries that hold an object's parts: its attributes, but of a module those in which it keeps what its
 * `state_dict()` gives
 */
function dictsOf(value: PickleValue): PickleDict[] {
  if (isKind(value, 'dict')) return [value];
  const attributes = attributesOf(value);
  const parts = ['_parameters', '_buffers', '_modules'].map((part) => attributes?.entries.get(part));
  const ofModule = parts.filter((part) => isKind(part, 'dict'));
  return ofModule.length === parts.length ? ofModule : attributes === null ? [] : [attributes];
}

/** Names of a module's buffers that its `state_dict()` leaves out. */
const unsavedNames = (value: PickleValue): readonly PickleValue[] =>
  itemsOf(attributesOf(value)?.entries.get('_non_persistent_buffers_set')) ?? [];

const isContainer = (value: PickleValue): boolean =>
  isKind(value, 'dict') || itemsOf(value) !== null || attributesOf(value) !== null;

export interface TensorParts {
  readonly tree: TensorTree;
  /** What the file holds besides tensors and plain values, by the names of their types. */
  readonly skipped: readonly string[];
  /** All that the file can hold, unpacked. */
  readonly byteLength: number;
  /** Its plain values, nested as in the file: the options of the run that wrote it. */
  readonly settings: unknown;
}

/** An object that was put into a tree under a name, in case that it has tensors. */
interface PutObject {
  readonly into: Map<string, StoredTensor | TensorTree>;
  readonly name: string;
  readonly tree: TensorTree;
  readonly type: string;
}

/** @returns the trees that have a tensor, at any depth */
function findFullTrees(containers: readonly Container[]): Set<TensorTree> {
  const full = new Set<TensorTree>();
  const trees = [...new Set(containers.map(({ tree }) => tree))];
  // What is inside comes later in the list.
  for (const tree of trees.toReversed())
    for (const node of tree.values())
      if (!isTree(node) || full.has(node)) {
        full.add(tree);
        break;
      }
  return full;
}

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
  const objects: PutObject[] = [];
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
    for (const [own, part] of partsOf(container.value)) {
      const name = container.prefix + own;
      const leaf = leafOf(name, part, source);
      if (leaf !== null) put(container.tree, name, leaf);
      else if (isKind(part, 'opaque') && !isContainer(part)) skipped.add(part.name);
      else if (isKind(part, 'opaque') && container.isObject && name.length < maxNameLength)
        pending.push({ ...container, value: part, prefix: `${name}.` });
      else if (isContainer(part)) {
        const inner = treeOf(part);
        put(container.tree, name, inner);
        if (isKind(part, 'opaque'))
          objects.push({ into: container.tree, name, tree: inner, type: part.name });
      }
    }
  }
  // Objects without tensors are told by their types.
  const full = findFullTrees(pending);
  for (const { into, name, tree: inner, type } of objects)
    if (!full.has(inner)) {
      into.delete(name);
      skipped.add(type);
    }
  return { tree, skipped: [...skipped], byteLength: source.byteLength, settings: readSettings(root) };
}
