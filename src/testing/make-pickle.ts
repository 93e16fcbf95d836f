/** Writes pickles in text, as protocol 0 does, and checkpoints of them, for tests of their reader. */
import { elementCount, type NamedTensor } from '../core/architecture.ts';
import { makeZip } from './make-zip.ts';

/** What a pickle is written of: a piece of its program. */
export interface Pickled {
  readonly code: string;
}

export type Plain =
  number | string | boolean | null | Pickled | readonly Plain[] | { readonly [name: string]: Plain };

const isPickled = (value: object): value is Pickled => 'code' in value && typeof value.code === 'string';

export function codeOf(value: Plain): string {
  if (value === null) return 'N';
  if (typeof value === 'boolean') return value ? '\x88' : '\x89';
  if (typeof value === 'number') return Number.isInteger(value) ? `I${value}\n` : `F${value}\n`;
  if (typeof value === 'string') return `S'${value}'\n`;
  if (Array.isArray(value)) return `(${(value as readonly Plain[]).map(codeOf).join('')}l`;
  if (isPickled(value)) return value.code;
  const entries = Object.entries(value as Readonly<Record<string, Plain>>);
  return `(${entries.map(([name, part]) => codeOf(name) + codeOf(part)).join('')}d`;
}

export const tuple = (...items: readonly Plain[]): Pickled => ({ code: `(${items.map(codeOf).join('')}t` });

/** @param name with its module, as in `torch.Size` */
export const global = (name: string): Pickled => ({
  code: `c${name.slice(0, name.lastIndexOf('.'))}\n${name.slice(name.lastIndexOf('.') + 1)}\n`,
});

export const call = (name: string, ...args: readonly Plain[]): Pickled => ({
  code: `${codeOf(global(name))}${codeOf(tuple(...args))}R`,
});

/** An object with its attributes. */
export const instance = (name: string, attributes: Plain): Pickled => ({
  code: `${codeOf(global(name))})\x81${codeOf(attributes)}b`,
});

interface Module {
  readonly type?: string;
  /** Its own parameters, by names. */
  readonly parameters?: Readonly<Record<string, Plain>>;
  readonly modules?: Readonly<Record<string, Plain>>;
  /** Its other attributes. */
  readonly attributes?: Readonly<Record<string, Plain>>;
}

/** A module of PyTorch's. */
export const torchModule = ({
  type = 'my.Module',
  parameters = {},
  modules = {},
  attributes = {},
}: Module): Pickled =>
  instance(type, { _parameters: parameters, _buffers: {}, _modules: modules, ...attributes });

/** Tensors of a network, all in one storage. */
export class TensorPickler {
  private readonly floats: number[] = [];

  /** @returns the arguments of torch._utils._rebuild_tensor_v2 */
  argumentsOf({ shape, values }: NamedTensor): Pickled {
    const at = this.floats.length;
    for (const value of values) this.floats.push(value);
    const strides = shape.map((_, i) => elementCount(shape.slice(i + 1)));
    const id = codeOf(tuple('storage', global('torch.FloatStorage'), '0', 'cpu', 1_000_000));
    return tuple({ code: `${id}Q` }, at, tuple(...shape), tuple(...strides), false, {});
  }

  tensor(tensor: NamedTensor): Pickled {
    return { code: `ctorch._utils\n_rebuild_tensor_v2\n${codeOf(this.argumentsOf(tensor))}R` };
  }

  /** @returns all tensors by their names */
  tensors(parameters: ReadonlyMap<string, NamedTensor>): Readonly<Record<string, Pickled>> {
    return Object.fromEntries([...parameters].map(([name, each]) => [name, this.tensor(each)]));
  }

  /** @returns an archive as torch.save writes it */
  file(root: Plain): Blob {
    const data = new Float32Array(1_000_000);
    data.set(this.floats);
    return makeZip([
      { name: 'a/data.pkl', bytes: Buffer.from(`${codeOf(root)}.`, 'latin1') },
      { name: 'a/data/0', bytes: new Uint8Array(data.buffer) },
    ]);
  }
}
