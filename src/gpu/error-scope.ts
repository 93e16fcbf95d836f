import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Runs work on the current back end that the device may refuse. A refused shader is returned as a result here; outside
 * this function it would be a fault and stop the engine. A lost device or running out of memory still is a fault.
 * @returns the device's error message, or null
 */
export async function refusalOf(work: () => Promise<void>): Promise<string | null> {
  if (tf.getBackend() !== 'webgpu') {
    await work();
    return null;
  }
  const { device } = tf.backend() as WebGPUBackend;
  // A driver's compiler may fail on valid code; this is reported as an internal error.
  const filters = ['validation', 'internal'] as const;
  for (const filter of filters) device.pushErrorScope(filter);
  let refusals: Promise<(GPUError | null)[]>;
  try {
    await work();
  } finally {
    refusals = Promise.all(filters.map(() => device.popErrorScope()));
    refusals.catch(() => undefined); // if `work` throws, nobody awaits this promise; without this, a lost device would be an unhandled rejection
  }
  return (await refusals).find((refusal) => refusal !== null)?.message ?? null;
}

/** @returns what `work` resolves to, or null if the device refuses it */
export async function nullIfRefused<T>(work: () => Promise<T>): Promise<T | null> {
  let result: T | null = null;
  const refusal = await refusalOf(async () => {
    result = await work();
  });
  return refusal === null ? result : null;
}
