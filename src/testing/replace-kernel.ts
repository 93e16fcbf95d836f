import * as tf from '@tensorflow/tfjs-core';
import type { BackendName } from '../core/failure.ts';

/** Puts another kernel in the place of an open back end's own, for tests of what breaks. @returns a function that puts it back */
export function replaceKernel(name: string, backendName: BackendName, kernelFunc: tf.KernelFunc): () => void {
  const own = tf.getKernel(name, backendName);
  tf.unregisterKernel(name, backendName);
  tf.registerKernel({ ...own, kernelFunc });
  return () => {
    // What is broken may have been switched off meanwhile.
    if (tf.getKernel(name, backendName) !== undefined) tf.unregisterKernel(name, backendName);
    tf.registerKernel(own);
  };
}
