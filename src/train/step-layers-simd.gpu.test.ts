import simdWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import { openForKernels } from '../gpu/kernels/kernel.suite.ts';
import { openBackend } from '../gpu/open-backend.ts';
import { simdStepLayers } from './simd-step-layers.ts';
import { checkStepLayers } from './step-layers.suite.ts';

// In Chromium for relaxed SIMD, which has another tile.
const open = openForKernels(async () => {
  const assets = {
    paths: {
      'tfjs-backend-wasm.wasm': simdWasmUrl,
      'tfjs-backend-wasm-simd.wasm': simdWasmUrl,
      'tfjs-backend-wasm-threaded-simd.wasm': simdWasmUrl,
    },
    prepareThreads: () => Promise.resolve(false),
  };
  const opened = await openBackend('wasm', assets);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  return opened.value;
});
checkStepLayers(simdStepLayers, open);
