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
  // A driver's compiler may give up on what is valid: that is an internal error.
  const filters = ['validation', 'internal'] as const;
  for (const filter of filters) device.pushErrorScope(filter);
  let refusals: Promise<(GPUError | null)[]>;
  try {
    await work();
  } finally {
    refusals = Promise.all(filters.map(() => device.popErrorScope()));
    refusals.catch(() => undefined); // where the work throws, nobody else hears of a device that is lost
  }
  return (await refusals).find((refusal) => refusal !== null)?.message ?? null;
}

/** @returns what `work` resolves to, or null where the device refuses it */
export async function nullIfRefused<T>(work: () => Promise<T>): Promise<T | null> {
  let result: T | null = null;
  const refusal = await refusalOf(async () => {
    result = await work();
  });
  return refusal === null ? result : null;
}
