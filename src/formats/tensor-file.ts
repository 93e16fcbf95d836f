import { FailureError } from '../core/failure.ts';

/** The form into which every checkpoint format is read: named tensors whose bytes are read on request. */
export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** The stored type's own name, for summaries; values always arrive as float32. */
  readonly storedType: string;
  /** Reads and converts the values; caller owns the array. Rejects with a `FailureError` where the file ends too early. */
  read(): Promise<Float32Array<ArrayBuffer>>;
}

export type TensorFile = ReadonlyMap<string, StoredTensor>;

/** A format with nested dictionaries: each name has a tensor or more names. Parts may be shared, even in a cycle. */
export type TensorTree = ReadonlyMap<string, StoredTensor | TensorTree>;

export const isTree = (node: StoredTensor | TensorTree): node is TensorTree => node instanceof Map;

/** A tensor whose values cannot be read. Its name is kept, since it tells what the file is. */
export const unreadable = (name: string, shape: readonly number[], storedType: string): StoredTensor => ({
  name,
  shape,
  storedType,
  read: () =>
    Promise.reject(
      new FailureError({
        code: 'checkpoint-invalid',
        problem: `${name} is stored as ${storedType}, which cannot be read`,
      }),
    ),
});
