/**
 * Compiling without computing. The first run of a kernel waits for its compilation, one kernel after the other; asked for here, they
 * compile beside this thread and beside each other.
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { refusalOf } from './error-scope.ts';
import type { OpenBackend } from './open-backend.ts';

/** tfjs's pipelines by key; while it compiles only, promises of them. It never looks at a promise again but to complain. */
type PipelineCache = Record<string, GPUComputePipeline | Promise<GPUComputePipeline>>;

const flagsWhileCompiling = {
  WEBGPU_ENGINE_COMPILE_ONLY: true,
  // tfjs would compute small tensors that are not on the device in JavaScript, and nothing is on the device now.
  WEBGPU_CPU_FORWARD: false,
};

/** Runs `work` with tfjs told to compile only. No buffers either: tfjs would keep those of a large pass for ever. */
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
 * Compiles what `work` would run on the current back end, where that is WebGPU. Others may compute on it meanwhile. What the device
 * refuses is left out: whoever runs it is told why.
 * @param work synchronous; reads no values, since there are none
 * @throws FailureError where the device is lost on the way
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
  // The scope is for shaders, which are refused at once; pipelines are by their promise.
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
