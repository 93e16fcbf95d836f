import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Tries something on the current back end that may be refused. A shader that a device does not take is an answer here and no fault:
 * outside of this it would end the engine. A lost device, or memory that ran out, still does.
 * @returns what the device said against it, or null
 */
export async function refusalOf(work: () => Promise<void>): Promise<string | null> {
  if (tf.getBackend() !== 'webgpu') {
    await work();
    return null;
  }
  const { device } = tf.backend() as WebGPUBackend;
  device.pushErrorScope('validation');
  let refusal: Promise<GPUError | null>;
  try {
    await work();
  } finally {
    refusal = device.popErrorScope();
  }
  return (await refusal)?.message ?? null;
}
