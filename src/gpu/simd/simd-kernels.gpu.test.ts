import simdWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import { checkSimd } from './simd-kernels.suite.ts';

// Chromium has relaxed SIMD and Node 20 does not, so together they test both versions of the code.
checkSimd(/^CPU, relaxed SIMD, 1 thread$/, {
  paths: {
    'tfjs-backend-wasm.wasm': simdWasmUrl,
    'tfjs-backend-wasm-simd.wasm': simdWasmUrl,
    'tfjs-backend-wasm-threaded-simd.wasm': simdWasmUrl,
  },
  prepareThreads: () => Promise.resolve(false),
});
