/**
 * Makes our kernels kernels of tfjs: they are registered with its WebGPU back end and run by its engine, so tidy, memory
 * counts and profiles treat them like any op.
 */
import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';

type Uniform = ReturnType<typeof int32>;

/** One dispatch. tfjs gives each input a binding, and WebGPU refuses a binding that the code does not use. */
export interface Dispatch {
  /**
   * Must be a new object for each call, because tfjs writes into it. `shaderKey` must cover everything that changes the
   * code, except ranks and names.
   */
  readonly program: WebGPUProgram;
  readonly inputs: tf.TensorInfo[];
  /** Values of `program.uniforms`, in that order. */
  readonly uniforms: Uniform[];
}

export interface Kernel<Inputs, Attributes> {
  readonly config: tf.KernelConfig;
  run(inputs: Inputs, attributes: Attributes): tf.Tensor2D;
}

export const int32 = (value: number): { type: string; data: number[] } => ({ type: 'int32', data: [value] });
export const float32 = (value: number): Uniform => ({ type: 'float32', data: [value] });

/** A kernel whose result is a float32 tensor of two dimensions. */
export function defineKernel<Inputs extends object, Attributes extends object>(
  kernelName: string,
  plan: (inputs: Inputs, attributes: Attributes, backend: WebGPUBackend) => Dispatch,
): Kernel<Inputs, Attributes> {
  return {
    config: {
      kernelName,
      backendName: 'webgpu',
      kernelFunc: ({ inputs, attrs, backend }) => {
        const webgpu = backend as WebGPUBackend;
        const dispatch = plan(inputs as unknown as Inputs, attrs as unknown as Attributes, webgpu);
        return webgpu.runWebGPUProgram(dispatch.program, dispatch.inputs, 'float32', dispatch.uniforms);
      },
    },
    run: (inputs, attributes) =>
      tf
        .engine()
        .runKernel(
          kernelName,
          inputs as unknown as tf.NamedTensorMap,
          attributes as unknown as tf.NamedAttrMap,
        ),
  };
}

/**
 * WGSL repeated for 0 … count − 1. Loops that index registers are unrolled: some devices keep an array that is indexed by
 * a variable in memory.
 */
export const unroll = (count: number, code: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => code(index)).join('\n');
