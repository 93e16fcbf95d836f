/** The plain data that a pickle is read into. Nothing in it is ever called. */

export interface PickleDict {
  readonly kind: 'dict';
  /** Numbers become text; keys that are neither are left out with their values. */
  readonly entries: Map<string, PickleValue>;
}

export interface PickleSequence {
  readonly kind: 'list' | 'tuple' | 'set';
  readonly items: PickleValue[];
}

/** A name of Python's that the pickle refers to, such as a class. */
interface PickleGlobal {
  readonly kind: 'global';
  /** Module and name, as in `torch._utils._rebuild_tensor_v2`. */
  readonly name: string;
}

/** A placeholder for an object that we do not know. */
export interface PickleOpaque {
  readonly kind: 'opaque';
  /** The class or function that would have made it. */
  readonly name: string;
  /** What it would have been made of, where that is needed. */
  readonly args?: readonly PickleValue[];
  /** The object's state, usually a dictionary of its attributes. */
  state?: PickleValue;
  /** What was put into it by key, as into a dictionary: its class may be a kind of dictionary. */
  dict?: PickleDict;
}

/** A part of the file. A text of Latin-1 is in UTF-8, and stands for a byte a letter. */
interface PickledPart {
  readonly file: Blob;
  readonly begin: number;
  readonly byteLength: number;
  readonly form: 'bytes' | 'text' | 'latin1';
}

/** Bytes, and texts and numbers that are too long to be names. Their content stays in the file. */
export interface PickleBytes {
  readonly kind: 'bytes';
  /** Where they are, or letters that stand for a byte each; absent where they are of no use. */
  readonly content?: PickledPart | string;
}

/** A reference to a storage, the flat array that one or more tensors share. */
export interface PickleStorage {
  readonly kind: 'storage';
  /** PyTorch's own name without its module, as in `FloatStorage`. */
  readonly type: string;
  readonly key: string;
  /** Elements of the storage that the file holds. */
  readonly elements: number;
  /** Before PyTorch 0.4 a storage could be a part of another: the element at which it begins. */
  readonly viewOffset: number;
}

/** A tensor, as yet unchecked. */
export interface PickleTensor {
  readonly kind: 'tensor';
  readonly storage: PickleStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** PyTorch's name of its type, e.g. `float8_e4m3fn`, where its storage is a storage of bytes. */
  readonly type?: string;
  /** The storage has the values with the opposite sign. */
  readonly isNegated?: boolean;
}

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleBytes
  | PickleDict
  | PickleSequence
  | PickleGlobal
  | PickleOpaque
  | PickleStorage
  | PickleTensor;

export const makeDict = (): PickleDict => ({ kind: 'dict', entries: new Map() });

/** @returns the items of a list, tuple or set, or null */
export const itemsOf = (value: PickleValue | undefined): readonly PickleValue[] | null =>
  typeof value === 'object' && value !== null && 'items' in value ? value.items : null;

export const isKind = <K extends Exclude<PickleValue, null | boolean | number | bigint | string>['kind']>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleValue, { kind: K }> =>
  typeof value === 'object' && value !== null && value.kind === kind;

/**
 * @returns an object's attributes, or null. Of a kind of dictionary what it holds, which may have attributes besides; with
 * `__slots__` the state is a pair: the attributes, and those in slots
 */
export function attributesOf(value: PickleValue): PickleDict | null {
  if (!isKind(value, 'opaque')) return null;
  if (value.dict !== undefined) return value.dict;
  const state = value.state ?? null;
  const attributes =
    itemsOf(state)
      ?.slice(0, 2)
      .find((item) => isKind(item, 'dict')) ?? state;
  return isKind(attributes, 'dict') ? attributes : null;
}
