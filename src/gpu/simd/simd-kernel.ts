/** Makes an operation of our wasm module a kernel of tfjs's wasm back end. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type * as tf from '@tensorflow/tfjs-core';
import { simdRunnerOf, type SimdRunner } from './simd-runner.ts';

/** What a kernel can use. */
interface Heap extends Pick<SimdRunner, 'run' | 'shared' | 'tileRows'> {
  /**
   * The tensor's address, 0 for undefined. Valid until the next tensor is made or memory is requested: these never move
   * data, but may grow the memory.
   */
  addressOf(tensor: tf.TensorInfo | undefined): number;
  floats(tensor: tf.TensorInfo): Float32Array;
  /** Makes a float32 tensor for the kernel to write. */
  make(shape: readonly number[]): tf.TensorInfo;
}

/** @returns the kernel's result or results */
export type Compute<Inputs, Attributes> = (
  inputs: Inputs,
  attributes: Attributes,
  heap: Heap,
) => tf.TensorInfo | tf.TensorInfo[];

export function simdConfig<Inputs extends object, Attributes extends object>(
  kernelName: string,
  compute: Compute<Inputs, Attributes>,
): tf.KernelConfig {
  return {
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend: current }) => {
      const backend = current as BackendWasm;
      const { run, shared, tileRows } = simdRunnerOf(backend);
      return compute(inputs as unknown as Inputs, attrs as unknown as Attributes, {
        run,
        shared,
        tileRows,
        addressOf: (tensor) => (tensor === undefined ? 0 : backend.getMemoryOffset(tensor.dataId)),
        floats: (tensor) => backend.typedArrayFromHeap(tensor) as Float32Array,
        make: (shape) => backend.makeOutput([...shape], 'float32'),
      });
    },
  };
}

/** The 32 bits of a float, in the form that operations accept among their integers. */
export const bitsOf = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0] as number;

/** Kernels store whole vectors. Otherwise they would write beyond the result, into other data. */
export function checkWhole(columns: number): void {
  if (columns % 4 !== 0) throw new Error(`${columns} columns are no whole vectors of four`);
}
