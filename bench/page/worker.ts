/** Runs a contestant in a browser's worker. */
import simdWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import plainWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import { createHost, type HostRequest } from '../contestants/host.ts';
import type { openOurs } from '../contestants/ours.ts';
import { onnxRuntimeFile, type OnnxRuntime } from '../contestants/onnx.ts';

const host = createHost({
  wasmAssets: {
    paths: {
      'tfjs-backend-wasm.wasm': plainWasmUrl,
      'tfjs-backend-wasm-simd.wasm': simdWasmUrl,
      'tfjs-backend-wasm-threaded-simd.wasm': threadedWasmUrl,
    },
    prepareThreads: async () => (await import('../../src/gpu/threaded-wasm.ts')).prepareThreads(),
  },
  cpuMs: () => null,
  loadTraining: async () => ({
    ...(await import('../../src/gpu/open-backend.ts')),
    ...(await import('../../src/train/trainer.ts')),
  }),
  loadOnnxRuntime: async (provider) => {
    // Loads the package as published, without the development server's transformations.
    const address = new URL(`/onnxruntime-web/${onnxRuntimeFile(provider)}`, location.href).href;
    return (await import(/* @vite-ignore */ address)) as OnnxRuntime;
  },
  loadCheckout: async (folder) => {
    const address = new URL(`/@fs${folder}/bench/contestants/ours.ts`, location.href).href;
    return (await import(/* @vite-ignore */ address)) as { openOurs: typeof openOurs };
  },
  loadFloats: async (file) => new Float32Array(await (await fetch(`/bench-data/${file}`)).arrayBuffer()),
});

globalThis.addEventListener('message', ({ data }: MessageEvent<HostRequest>) => {
  void host(data).then(
    (ok) => globalThis.postMessage({ ok }),
    (error: unknown) =>
      globalThis.postMessage({ error: error instanceof Error ? error.message : String(error) }),
  );
});
