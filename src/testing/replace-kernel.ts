import * as tf from '@tensorflow/tfjs-core';
import type { BackendName } from '../core/failure.ts';

/**
 * Replaces a kernel of an open back end, for tests of failures.
 * @returns a function that restores the kernel
 */
export function replaceKernel(name: string, backendName: BackendName, kernelFunc: tf.KernelFunc): () => void {
  const own = tf.getKernel(name, backendName);
  tf.unregisterKernel(name, backendName);
  tf.registerKernel({ ...own, kernelFunc });
  return () => {
    // The replaced kernel may have been unregistered meanwhile.
    if (tf.getKernel(name, backendName) !== undefined) tf.unregisterKernel(name, backendName);
    tf.registerKernel(own);
  };
}
