/** The pickles of PyTorch's older layout, and those that Python writes by itself. Source: PyTorch's torch/serialization.py. */
import { FailureError } from '../core/failure.ts';
import { ByteCursor } from './byte-cursor.ts';
import { readPickle } from './pickle.ts';
import { itemsOf, type PickleStorage, type PickleValue } from './pickle-values.ts';
import { createTorchHost, type EmbeddedStorage } from './pytorch-host.ts';

const legacyMagic = 119547037146038801333356n;
const legacyProtocol = 1001;

const invalid = (problem: string): FailureError => new FailureError({ code: 'checkpoint-invalid', problem });

export interface LegacyPickles {
  readonly root: PickleValue;
  readonly storages: ReadonlyMap<string, PickleStorage>;
  readonly keys: readonly string[];
  readonly end: number;
}

/** One that torch.save did not write. */
export interface PlainPickle {
  readonly only: PickleValue;
  /** Storages whose bytes are within the pickle, as yet unread. */
  readonly embedded: readonly EmbeddedStorage[];
}

/**
 * Five pickles: magic number, protocol, the machine's sizes, the object, the keys.
 * @returns the first one, where it is no magic number
 */
export async function readLegacyPickles(file: Blob): Promise<LegacyPickles | PlainPickle> {
  const host = createTorchHost();
  const cursor = new ByteCursor(file, 0, file.size);
  const values: PickleValue[] = [];
  while (values.length < 5) {
    const read = await readPickle(cursor, host);
    if (!read.ok) throw invalid('its pickle ends too early; the file was cut short');
    values.push(read.value);
    if (values.length === 1 && read.value !== legacyMagic)
      return { only: read.value, embedded: host.embedded };
    if (values.length === 2 && read.value !== legacyProtocol)
      throw invalid(`its protocol is ${typeof read.value === 'number' ? read.value : 'no number'}, not 1001`);
  }
  const keys = (itemsOf(values[4]) ?? []).map((key) =>
    typeof key === 'string' || typeof key === 'number' ? String(key) : '',
  );
  return { root: values[3] ?? null, storages: host.storages, keys, end: cursor.offset };
}
