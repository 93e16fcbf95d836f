/** The worker's entry: messages in, the engine's answers out. Owns every tensor; the page never sees one. */
import simdWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import plainWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import type { FailureCode } from '../core/failure.ts';
import type { PhotoNotice } from '../core/photo.ts';
import { fail, succeed } from '../core/result.ts';
import { Engine } from '../engine/engine.ts';
import { isOutOfMemory } from '../engine/out-of-memory.ts';
import type { WasmAssets } from '../gpu/open-backend.ts';
import { openPhoto, readPixels, shrinkForScreen } from '../media/decode-photo.ts';
import { openBrowserSource } from '../models/browser-source.ts';
import { openFilesSource } from '../models/files-source.ts';
import { checkpointModel } from '../models/load-checkpoint.ts';
import { tfjsModel } from '../models/load-model.ts';
import type { ModelLoader } from '../models/loaded-model.ts';
import type { EngineContract, ModelReference } from '../rpc/engine-contract.ts';
import { crashed, serveCalls, type Handlers } from '../rpc/serve-calls.ts';

/** After these the engine's memory or device is not to be trusted: the client starts another worker. */
const finalCodes: ReadonlySet<FailureCode> = new Set([
  'device-lost',
  'out-of-memory',
  'gpu-error',
  'wrong-result',
  'worker-crashed',
]);

const wasmAssets: WasmAssets = {
  paths: {
    'tfjs-backend-wasm.wasm': plainWasmUrl,
    'tfjs-backend-wasm-simd.wasm': simdWasmUrl,
    'tfjs-backend-wasm-threaded-simd.wasm': threadedWasmUrl,
  },
  prepareThreads: async () => (await import('../gpu/threaded-wasm.ts')).prepareThreads(),
};

let engine: Engine | null = null;

const loaderOf = async (model: ModelReference): Promise<ModelLoader> => {
  switch (model.kind) {
    case 'tfjs':
      return tfjsModel(await openBrowserSource(model.url));
    case 'tfjs-files':
      return tfjsModel(openFilesSource(model.files));
    case 'checkpoint':
      return checkpointModel(model);
  }
};

const handlers: Handlers<EngineContract> = {
  async start({ model, backend }, { signal, onProgress }) {
    engine?.dispose();
    engine = null;
    const load = await loaderOf(model);
    const started = await Engine.start({ backend, load, wasmAssets, signal, onProgress });
    if (!started.ok) return started;
    engine = started.value;
    return succeed({ backend: engine.backend, model: engine.model });
  },

  async useModel({ model }, { signal, onProgress }) {
    if (engine === null) throw new Error('useModel before start');
    const used = engine;
    const load = await loaderOf(model);
    // Photographs go on while the file is read; only the exchange waits for its turn.
    const loaded = await load(signal, (bytes) => onProgress({ stage: 'download', ...bytes }));
    if (!loaded.ok) return loaded;
    return inLine(async () => {
      if (signal.aborted) return fail({ code: 'cancelled' });
      onProgress({ stage: 'check' });
      const taken = await used.useModel(loaded.value, signal);
      return taken.ok ? succeed({ model: used.model }) : taken;
    });
  },

  async attend({ photo, framing }, { signal, onProgress }) {
    if (engine === null) throw new Error('attend before start');
    onProgress({ stage: 'decode' });
    const decodeStart = performance.now();
    const opened = await openPhoto(photo);
    if (!opened.ok) return opened;
    const { bitmap, notices } = opened.value;
    const { pixels, transparent } = readPixels(bitmap);
    bitmap.close();
    if (signal.aborted) return fail({ code: 'cancelled' });
    const decodeMs = performance.now() - decodeStart;
    const result = await engine.attend(pixels, { framing, signal, onProgress });
    if (!result.ok) return result;
    const allNotices: PhotoNotice[] = transparent ? [...notices, 'alpha-flattened'] : [...notices];
    return succeed({ ...result.value, decodeMs, notices: allNotices });
  },

  async decode({ photo, maxSidePx }) {
    const opened = await openPhoto(photo);
    if (!opened.ok) return opened;
    const { bitmap, notices } = opened.value;
    const photoSizePx = { height: bitmap.height, width: bitmap.width };
    return succeed({ bitmap: await shrinkForScreen(bitmap, maxSidePx), photoSizePx, notices });
  },
};

const { inLine } = serveCalls<EngineContract>(handlers, {
  // Each with the whole device.
  oneByOne: ['attend'],
  isFinal: (method, { code }) => (method === 'attend' || method === 'useModel') && finalCodes.has(code),
  transferablesOf: (result) => {
    if ('maps' in result)
      return [result.maps.buffer, result.registerMaps.buffer, result.specialShares.buffer];
    return 'bitmap' in result ? [result.bitmap] : [];
  },
  failureOfCrash: (error) =>
    isOutOfMemory(error) ? { code: 'out-of-memory', tokens: null } : crashed(error),
});
