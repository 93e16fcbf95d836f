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

/** A dispatch that writes two tensors. tfjs knows one output; the second is an input that the code marks. */
export interface PairDispatch extends Dispatch {
  readonly second: {
    /** In the code, which has `written(name)` in it (shader-top). */
    readonly name: string;
    readonly shape: number[];
    /** Of the vectors that the code writes. */
    readonly components: 1 | 4;
  };
}

export interface Kernel<Inputs, Attributes, Outputs = tf.Tensor2D> {
  readonly config: tf.KernelConfig;
  run(inputs: Inputs, attributes: Attributes): Outputs;
}

export const int32 = (value: number): { type: string; data: number[] } => ({ type: 'int32', data: [value] });
export const float32 = (value: number): Uniform => ({ type: 'float32', data: [value] });

type Plan<Inputs, Attributes, Planned> = (
  inputs: Inputs,
  attributes: Attributes,
  backend: WebGPUBackend,
) => Planned;

function define<Inputs, Attributes, Outputs extends tf.Tensor | tf.Tensor[], Planned extends Dispatch>(
  kernelName: string,
  plan: Plan<Inputs, Attributes, Planned>,
  dispatch: (planned: Planned, backend: WebGPUBackend) => tf.TensorInfo | tf.TensorInfo[],
): Kernel<Inputs, Attributes, Outputs> {
  return {
    config: {
      kernelName,
      backendName: 'webgpu',
      kernelFunc: ({ inputs, attrs, backend }) => {
        const webgpu = backend as WebGPUBackend;
        const planned = plan(inputs as unknown as Inputs, attrs as unknown as Attributes, webgpu);
        return dispatch(planned, webgpu);
      },
    },
    run: (inputs, attributes) =>
      tf
        .engine()
        .runKernel<Outputs>(
          kernelName,
          inputs as unknown as tf.NamedTensorMap,
          attributes as unknown as tf.NamedAttrMap,
        ),
  };
}

/** A kernel whose result is a float32 tensor of two dimensions. */
export const defineKernel = <Inputs extends object, Attributes extends object>(
  kernelName: string,
  plan: Plan<Inputs, Attributes, Dispatch>,
): Kernel<Inputs, Attributes> =>
  define(kernelName, plan, ({ program, inputs, uniforms }, backend) =>
    backend.runWebGPUProgram(program, inputs, 'float32', uniforms),
  );

/** A kernel whose results are two float32 tensors of two dimensions. */
export const definePairKernel = <Inputs extends object, Attributes extends object>(
  kernelName: string,
  plan: Plan<Inputs, Attributes, PairDispatch>,
): Kernel<Inputs, Attributes, [tf.Tensor2D, tf.Tensor2D]> =>
  define(kernelName, plan, ({ program, inputs, uniforms, second }, backend) => {
    const beside = backend.makeTensorInfo(second.shape, 'float32');
    program.variableNames.push(second.name);
    program.variableComponents?.push(second.components);
    return [backend.runWebGPUProgram(program, [...inputs, beside], 'float32', uniforms), beside];
  });

/**
 * WGSL repeated for 0 … count − 1. Loops that index registers are unrolled: some devices keep an array that is indexed by
 * a variable in memory.
 */
export const unroll = (count: number, code: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => code(index)).join('\n');
