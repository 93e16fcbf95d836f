/**
 * How a kernel of ours becomes one of tfjs's: registered with its WebGPU back end and run by its engine, so that tidy,
 * memory counts and profiles see it like any op.
 */
import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';

type Uniform = ReturnType<typeof int32>;

/** One dispatch: tfjs gives each input a binding, and WebGPU refuses a binding that the code does not use. */
export interface Dispatch {
  /** A new one for each call: tfjs writes into it. `shaderKey` covers all that changes the code but ranks and names. */
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
 * WGSL repeated for 0 … count − 1. Loops are written out where they index registers: an array indexed by a variable would
 * live in memory on some devices.
 */
export const unroll = (count: number, code: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => code(index)).join('\n');
