/** The names in a PyTorch pickle that we know. All others become placeholders. */
import { FailureError } from '../core/failure.ts';
import { scalarOf } from './numpy-scalars.ts';
import type { PickleHost } from './pickle.ts';
import {
  isKind,
  itemsOf,
  makeDict,
  type PickleBytes,
  type PickleStorage,
  type PickleTensor,
  type PickleValue,
} from './pickle-values.ts';

/** PyTorch's own limit. */
const maxDimensions = 64;

const invalid = (problem: string): FailureError => new FailureError({ code: 'checkpoint-invalid', problem });

const isCount = (value: PickleValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

function countsOf(value: PickleValue | undefined): readonly number[] | null {
  const items = itemsOf(value);
  // The length first: one long tuple may be the shape of many tensors.
  return items !== null && items.length <= maxDimensions && items.every(isCount) ? items : null;
}

/** @returns a name of Python's without its module */
const shortName = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks, flags)` */
function rebuildTensor([storage, offset, size, stride, , , flags]: readonly PickleValue[]): PickleTensor {
  const shape = countsOf(size);
  const strides = countsOf(stride);
  if (
    !isKind(storage, 'storage') ||
    !isCount(offset) ||
    shape === null ||
    strides === null ||
    shape.length !== strides.length
  )
    throw invalid('its pickle describes a tensor without a storage, a shape or strides');
  const tensor = { kind: 'tensor', storage, offset, shape, strides } as const;
  return isKind(flags, 'dict') && flags.entries.get('neg') === true ? { ...tensor, isNegated: true } : tensor;
}

/** The two shapes of a persistent id: ('storage', type, key, device, elements) and, older, with the part of a larger storage. */
function readStorage(id: PickleValue): PickleStorage | null {
  const [tag, type, key, , elements, part] = itemsOf(id) ?? [];
  if (tag !== 'storage') return null;
  if (!isKind(type, 'global') || !isCount(elements) || (typeof key !== 'string' && !isCount(key)))
    throw invalid('its pickle refers to a storage without a type, a key or a length');
  const [, viewOffset = 0] = itemsOf(part) ?? [];
  if (!isCount(viewOffset)) throw invalid('its pickle refers to a part of a storage without an offset');
  return { kind: 'storage', type: shortName(type.name), key: String(key), elements, viewOffset };
}

/** Bytes in protocols before 3: a text whose letters stand for a byte each, and how it is encoded. */
function encodedBytes([text, encoding]: readonly PickleValue[]): PickleBytes {
  if (encoding !== 'latin1' && encoding !== 'latin-1')
    return isKind(text, 'bytes') ? text : { kind: 'bytes' };
  if (typeof text === 'string') return { kind: 'bytes', content: text };
  const content = isKind(text, 'bytes') ? text.content : undefined;
  return typeof content === 'object' && content.form === 'text'
    ? { kind: 'bytes', content: { ...content, form: 'latin1' } }
    : { kind: 'bytes' };
}

/** How many pairs may be copied. A file needs only two bytes to refer to a list of pairs once more. */
const maxCopiedPairs = 1_000_000;

/** A storage whose bytes are within the pickle. What it is stands there, and is filled in when they are read. */
export interface EmbeddedStorage {
  readonly bytes: PickleBytes;
  readonly storage: PickleStorage;
}

interface TorchHost extends PickleHost {
  /** Those outside the pickle that were referred to, filled while it is read. */
  readonly storages: ReadonlyMap<string, PickleStorage>;
  /** Filled while it is read. */
  readonly embedded: readonly EmbeddedStorage[];
}

/** @returns a host for one file */
export function createTorchHost(): TorchHost {
  const storages = new Map<string, PickleStorage>();
  /** By the bytes themselves, or where they begin: each is read once. */
  const embedded = new Map<string | number, EmbeddedStorage>();
  const embedStorage = (bytes: PickleValue | undefined): PickleStorage => {
    const content = isKind(bytes, 'bytes') ? bytes.content : undefined;
    if (!isKind(bytes, 'bytes') || content === undefined)
      throw invalid('its pickle has a storage without bytes');
    const place = typeof content === 'string' ? content : content.begin;
    const known = embedded.get(place);
    if (known !== undefined) return known.storage;
    const key = `within ${embedded.size}`;
    const storage: PickleStorage = { kind: 'storage', type: '', key, elements: 0, viewOffset: 0 };
    embedded.set(place, { bytes, storage });
    return storage;
  };
  let copiedPairs = 0;
  const dictOfPairs = (pairs: readonly PickleValue[]): PickleValue => {
    const dict = makeDict();
    copiedPairs += pairs.length;
    if (copiedPairs > maxCopiedPairs) throw invalid('its pickle repeats a list too often');
    for (const pair of pairs) {
      const [key, value = null] = itemsOf(pair) ?? [];
      if (typeof key === 'string' || typeof key === 'number') dict.entries.set(String(key), value);
    }
    return dict;
  };
  const host: TorchHost = {
    storages,
    get embedded() {
      return [...embedded.values()];
    },
    findPersistent: (id) => {
      const storage = readStorage(id);
      if (storage === null) {
        // ('module', class, source file, source): a whole network, pickled with its code.
        const [, type] = itemsOf(id) ?? [];
        return { kind: 'opaque', name: isKind(type, 'global') ? type.name : 'something outside the pickle' };
      }
      const known = storages.get(storage.key);
      if (known !== undefined && (known.type !== storage.type || known.elements !== storage.elements))
        throw invalid(`its storage ${storage.key} is described in two ways`);
      storages.set(storage.key, storage);
      return storage;
    },
    call: (name, args) => {
      switch (name) {
        case 'torch._utils._rebuild_tensor':
        case 'torch._utils._rebuild_tensor_v2':
        // After the first four come the scale and the zero point, which are not needed.
        case 'torch._utils._rebuild_qtensor':
          return rebuildTensor(args);
        case 'torch._utils._rebuild_tensor_v3': {
          // For types newer than PyTorch 2.0: the type comes after the first six.
          const tensor = rebuildTensor(args);
          const dtype = args[6];
          return isKind(dtype, 'global') ? { ...tensor, type: shortName(dtype.name) } : tensor;
        }
        case 'torch._utils._rebuild_parameter':
        case 'torch._utils._rebuild_parameter_with_state':
        // Of devices that PyTorch does not know itself, as a TPU: a tensor of the processor, its type, the device.
        case 'torch._utils._rebuild_device_tensor_from_cpu_tensor':
        // Of such devices and of an array.
        case 'torch._utils._rebuild_device_tensor_from_numpy':
        case 'torch._utils._rebuild_xla_tensor':
        case 'torch.nn.parameter.Parameter':
        case 'torch.nn.parameter.Buffer':
          return args[0] ?? null;
        case 'torch.storage._load_from_bytes':
          return embedStorage(args[0]);
        case 'torch._tensor._rebuild_from_type':
        case 'torch._tensor._rebuild_from_type_v2': {
          // A subclass of Tensor: (function, class, arguments, state). The function is another of these.
          const [rebuild, , inner] = args;
          if (!isKind(rebuild, 'global')) return null;
          const isKnown = rebuild.name.startsWith('torch._utils._rebuild_');
          return (
            (isKnown ? host.call(rebuild.name, itemsOf(inner) ?? []) : null) ?? {
              kind: 'opaque',
              name: rebuild.name,
            }
          );
        }
        case 'collections.OrderedDict':
        case 'collections.defaultdict':
          // Filled afterwards, except by Python 2.
          return dictOfPairs(itemsOf(args[0]) ?? []);
        case 'torch.Size':
        case '__builtin__.set':
        case 'builtins.set':
        case '__builtin__.frozenset':
        case 'builtins.frozenset':
        case 'builtins.list':
        case 'builtins.tuple':
          return args[0] ?? { kind: 'tuple', items: [] };
        case '_codecs.encode':
        case 'builtins.bytearray':
        case '__builtin__.bytearray':
        case 'builtins.bytes':
          return encodedBytes(args);
        case 'numpy.core.multiarray.scalar':
        case 'numpy._core.multiarray.scalar':
          return scalarOf(args);
        case 'numpy.dtype':
        case 'numpy.core.numeric._frombuffer':
        case 'numpy._core.numeric._frombuffer':
          return { kind: 'opaque', name, args };
        default:
          return null;
      }
    },
  };
  return host;
}
