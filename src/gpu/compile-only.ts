/**
 * Compiles kernels without running them. The first run of a kernel waits for its compilation, so kernels compile one
 * after the other. When compilation is requested here, they compile in parallel and off this thread.
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { refusalOf } from './error-scope.ts';
import type { OpenBackend } from './open-backend.ts';

/**
 * tfjs's pipelines by key. In compile-only mode these are promises, and tfjs itself never awaits them; it only reports an
 * error when it finds one.
 */
type PipelineCache = Record<string, GPUComputePipeline | Promise<GPUComputePipeline>>;

const flagsWhileCompiling = {
  WEBGPU_ENGINE_COMPILE_ONLY: true,
  // Otherwise tfjs computes small tensors that are not on the device in JavaScript, and here no tensor is on the device.
  WEBGPU_CPU_FORWARD: false,
};

/**
 * Runs `work` with tfjs in compile-only mode. It also uploads no buffers, because tfjs would keep those of a large pass
 * for ever.
 */
function dispatchNothing(backend: WebGPUBackend, work: () => void): void {
  const flags = tf.env();
  const before = Object.keys(flagsWhileCompiling).map((flag) => [flag, flags.getBool(flag)] as const);
  for (const [flag, value] of Object.entries(flagsWhileCompiling)) flags.set(flag, value);
  const { uploadToGPU } = backend;
  backend.uploadToGPU = () => {};
  try {
    tf.tidy(() => {
      work();
    });
  } finally {
    backend.uploadToGPU = uploadToGPU;
    for (const [flag, value] of before) flags.set(flag, value);
  }
}

/**
 * Compiles the kernels that `work` would run on the current back end; does nothing unless that is WebGPU. Other code may
 * compute on the back end meanwhile. Kernels that the device refuses are skipped: the error appears when they are run.
 * @param work synchronous; must not read values, since none are computed
 * @throws FailureError if the device is lost meanwhile
 */
export async function compileOnly({ name, faults }: OpenBackend, work: () => void): Promise<void> {
  if (name !== 'webgpu') return;
  const backend = tf.backend() as WebGPUBackend;
  const cache = (backend as unknown as { readonly pipelineCache: PipelineCache }).pipelineCache;
  const compiling: Promise<void>[] = [];
  const takePromises = (): void => {
    for (const [key, pipeline] of Object.entries(cache)) {
      if (!(pipeline instanceof Promise)) continue;
      Reflect.deleteProperty(cache, key);
      compiling.push(pipeline.then((compiled) => void (cache[key] ??= compiled)));
    }
  };
  // The error scope catches refused shaders, which fail at once. A refused pipeline rejects its own promise.
  const refusal = refusalOf(async () => {
    try {
      dispatchNothing(backend, work);
    } finally {
      takePromises();
    }
  });
  await faults.race(Promise.allSettled([refusal, ...compiling]));
  faults.check();
  await refusal;
}
