/** What holds what in a pickle: dictionaries, sequences and objects, and which of them have tensors in them. */
import { arrayOf } from './numpy-arrays.ts';
import { attributesOf, isKind, itemsOf, type PickleDict, type PickleValue } from './pickle-values.ts';

/** Of a kind that is not known (sparse, of a subclass, without values), or an array of objects. */
export const isOddTensor = (name: string): boolean =>
  /^torch\w*\..*_rebuild_\w*$|^numpy\..*\.(_reconstruct|_frombuffer)$/.test(name);

/** Whether it is a tensor or an array, of whatever kind. */
const isTensor = (value: PickleValue): boolean =>
  isKind(value, 'tensor') ||
  (isKind(value, 'opaque') && (isOddTensor(value.name) || arrayOf(value) !== null));

/**
 * @returns the dictionaries that hold an object's parts: its attributes, but of a module those in which it keeps what its
 * `state_dict()` gives
 */
export function dictsOf(value: PickleValue): PickleDict[] {
  if (isKind(value, 'dict')) return [value];
  const attributes = attributesOf(value);
  const parts = ['_parameters', '_buffers', '_modules'].map((part) => attributes?.entries.get(part));
  const ofModule = parts.filter((part) => isKind(part, 'dict'));
  return ofModule.length === parts.length ? ofModule : attributes === null ? [] : [attributes];
}

export const isContainer = (value: PickleValue): boolean =>
  isKind(value, 'dict') || itemsOf(value) !== null || attributesOf(value) !== null;

/** An object's dictionaries are parts of it: many objects may share one, which is looked through only once. */
function* partsOf(value: PickleValue): Generator<PickleValue> {
  if (isKind(value, 'dict')) yield* value.entries.values();
  else yield* dictsOf(value);
  yield* itemsOf(value) ?? [];
}

/** Once for each place where something is shared between an outer and an inner container. More are an attack. */
const maxRounds = 8;

/** @returns the containers that have a tensor, at any depth. The others cost nothing but this look, however many there are */
export function findFull(root: PickleValue): ReadonlySet<PickleValue> {
  const containers = new Set([root]);
  // What is added while it runs is visited too.
  for (const each of containers)
    for (const part of partsOf(each)) if (isContainer(part) && !isTensor(part)) containers.add(part);
  const inside = [...containers].toReversed();
  const full = new Set<PickleValue>();
  const holdsTensor = (value: PickleValue): boolean => {
    for (const part of partsOf(value)) if (full.has(part) || isTensor(part)) return true;
    return false;
  };
  for (let round = 0; round < maxRounds; round++) {
    const before = full.size;
    for (const each of inside) if (!full.has(each) && holdsTensor(each)) full.add(each);
    if (full.size === before) break;
  }
  return full;
}
