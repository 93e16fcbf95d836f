/** How an operation of our wasm module becomes a kernel of tfjs's wasm back end. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type * as tf from '@tensorflow/tfjs-core';
import { simdRunnerOf, type SimdRunner } from './simd-runner.ts';

/** What a kernel works with. */
interface Heap extends Pick<SimdRunner, 'run' | 'shared' | 'tileRows'> {
  /** 0 for none. Good until the next tensor is made or memory is asked for, which may move nothing but may grow the memory. */
  addressOf(tensor: tf.TensorInfo | undefined): number;
  floats(tensor: tf.TensorInfo): Float32Array;
  /** A float32 tensor to write. */
  make(shape: readonly number[]): tf.TensorInfo;
}

/** @returns the kernel's result, or its results */
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

/** A float's 32 bits, as operations take it among their numbers. */
export const bitsOf = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0] as number;

/** Whole vectors are stored: others would reach past the result, into whatever lies there. */
export function checkWhole(columns: number): void {
  if (columns % 4 !== 0) throw new Error(`${columns} columns are no whole vectors of four`);
}
