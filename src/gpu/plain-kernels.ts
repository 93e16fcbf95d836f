/** Our kernels for the plain JavaScript back end, in place of tfjs's own of the same names. */
import * as tf from '@tensorflow/tfjs-core';
import { arithmeticOf } from './plain-arithmetic.ts';
import { productInsteadOf } from './plain-product.ts';
import { softmaxInsteadOf } from './plain-softmax.ts';

/** Makes ours of tfjs's, which does what ours does not. */
type Faster = (tfjs: tf.KernelConfig) => tf.KernelConfig;

const kernels: Readonly<Record<string, Faster>> = {
  BatchMatMul: productInsteadOf,
  Add: arithmeticOf('add'),
  Sub: arithmeticOf('subtract'),
  Multiply: arithmeticOf('multiply'),
  SquaredDifference: arithmeticOf('square of the difference'),
  Softmax: softmaxInsteadOf,
};

let areThere = false;

/** Gives the plain JavaScript back end, which has been imported, our kernels, once: what takes their place later stays. */
export function registerPlainKernels(): void {
  if (areThere) return;
  areThere = true;
  for (const [name, faster] of Object.entries(kernels)) {
    const tfjs = tf.getKernel(name, 'cpu');
    tf.unregisterKernel(name, 'cpu');
    tf.registerKernel(faster(tfjs));
  }
}
