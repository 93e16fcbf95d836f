import * as tf from '@tensorflow/tfjs-core';
import { checkKeptPasses } from './passes.suite.ts';

/** The heap never shrinks. */
checkKeptPasses('wasm', () => {
  const { wasm } = tf.backend() as unknown as { readonly wasm: { readonly HEAPU8: Uint8Array } };
  return wasm.HEAPU8.length;
});
