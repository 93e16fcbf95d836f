/**
 * What a pickle holds beside its tensors, as plain data: the options of the run that wrote it. Python's objects are
 * read as their attributes; no object is made.
 */
import { smallArrayOf } from './numpy-scalars.ts';
import { isContainer } from './pickle-containers.ts';
import { attributesOf, isKind, itemsOf, type PickleValue } from './pickle-values.ts';

/** Options are few. Longer lists, such as a data set's files or a generator's state, are not options. */
const maxParts = 20_000;
const maxItems = 64;

type Plain = Record<string, unknown> | unknown[];

/** An object as a dictionary of its attributes; OmegaConf's objects as their values. */
function plainObject(value: PickleValue): PickleValue {
  if (!isKind(value, 'opaque')) return value;
  const attributes = attributesOf(value);
  const inner = attributes?.entries.get('_content') ?? attributes?.entries.get('_val');
  return inner === undefined ? attributes : plainObject(inner);
}

function emptyLike(value: PickleValue): Plain | null {
  if (isKind(value, 'dict')) return Object.create(null) as Record<string, unknown>;
  const items = itemsOf(value);
  return items !== null && items.length <= maxItems ? [] : null;
}

/** @returns objects, lists, numbers, texts and truth values as they are nested in `root`; everything else is left out */
export function readSettings(root: PickleValue): unknown {
  const made = new Map<PickleValue, Plain>();
  const pending: { readonly value: PickleValue; readonly into: Plain }[] = [];
  const plainOf = (value: PickleValue): unknown => {
    const array = isKind(value, 'opaque') ? smallArrayOf(value) : null;
    if (array !== null) return array;
    const held = plainObject(value);
    if (held === null || typeof held !== 'object') return typeof held === 'bigint' ? undefined : held;
    const known = made.get(held);
    if (known !== undefined) return known;
    const into = emptyLike(held);
    if (into === null || made.size >= maxParts) return undefined;
    made.set(held, into);
    pending.push({ value: held, into });
    return into;
  };
  const whole = plainOf(root);
  for (let next = 0; next < pending.length; next++) {
    const { value, into } = pending[next] ?? { value: null, into: [] };
    if (Array.isArray(into)) for (const item of itemsOf(value) ?? []) into.push(plainOf(item));
    else if (isKind(value, 'dict'))
      for (const [name, part] of value.entries) {
        const plain = plainOf(part);
        if (plain !== undefined) into[name] = plain;
      }
  }
  return whole;
}

/**
 * Lists and dictionaries without these names cost nothing but a look, so that data beside a network hides no option.
 * @returns all that stands under one of `names`, at any depth, as plain data
 */
export function settingsNamed(root: PickleValue, names: ReadonlySet<string>): readonly unknown[] {
  const found: unknown[] = [];
  const containers = new Set([root]);
  // What is added while it runs is visited too.
  for (const each of containers) {
    // Many objects may share a dictionary, which is looked through only once.
    const items = isKind(each, 'opaque') ? [attributesOf(each)] : (itemsOf(each) ?? []);
    for (const item of items.length <= maxItems ? items : []) if (isContainer(item)) containers.add(item);
    if (!isKind(each, 'dict')) continue;
    for (const [name, part] of each.entries)
      if (names.has(name)) {
        if (found.length < maxParts) found.push(readSettings(part));
      } else if (isContainer(part)) containers.add(part);
  }
  return found;
}
