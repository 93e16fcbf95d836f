/** The worker's entry: messages in, the engine's answers out. Owns every tensor; the page never sees one. */
import simdWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import plainWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import { type Failure, isFinalFailure } from '../core/failure.ts';
import type { PhotoNotice } from '../core/photo.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { Engine, giveWay } from '../engine/engine.ts';
import { isOutOfMemory } from '../engine/out-of-memory.ts';
import type { WasmAssets } from '../gpu/open-backend.ts';
import { createDecodeAhead } from '../media/decode-ahead.ts';
import { createMemoryFolders } from '../library/model-folders.ts';
import { openOpfsFolders } from '../library/opfs-folders.ts';
import { openPhoto, readPixels, shrinkForScreen } from '../media/decode-photo.ts';
import type { PixelGrid } from '../media/resample.ts';
import { openBrowserSource } from '../models/browser-source.ts';
import { openFilesSource } from '../models/files-source.ts';
import { checkpointModel } from '../models/load-checkpoint.ts';
import { tfjsModel } from '../models/load-model.ts';
import type { ModelLoader } from '../models/loaded-model.ts';
import type { EngineContract, ModelReference } from '../rpc/engine-contract.ts';
import { crashed, serveCalls, type Handlers } from '../rpc/serve-calls.ts';
import { timingStore } from './timing-store.ts';
import { createTrainingHandlers } from './training-handlers.ts';

/** What computes on the device. */
const finalMethods: ReadonlySet<keyof EngineContract> = new Set([
  'attend',
  'attendPatch',
  'useModel',
  'train',
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
const decodeAhead = createDecodeAhead(openPhoto);
/** The way to the model in use: training begins from its parameters, which the engine does not keep in main memory. */
let usedModel: ModelReference | null = null;

const running = (): Engine => {
  if (engine === null) throw new Error('a call before start');
  return engine;
};

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

/** Upright, over white. */
async function readPhotograph(blob: Blob): Promise<Result<PixelGrid, Failure>> {
  const opened = await openPhoto(blob);
  if (!opened.ok) return opened;
  const { pixels } = readPixels(opened.value.bitmap);
  opened.value.bitmap.close();
  return succeed(pixels);
}

/** Where the GPU's buffers are counted, those that tfjs keeps for the next step are counted too. */
function memoryBytes(): number {
  const { numBytes, numBytesInGPUAllocated } = tf.memory() as tf.MemoryInfo & {
    numBytesInGPUAllocated?: number;
  };
  return numBytesInGPUAllocated ?? numBytes;
}

const training = createTrainingHandlers({
  folders: openOpfsFolders('runs').then((opened) => opened ?? createMemoryFolders()),
  tools: {
    inLine: (work, signal) => line.inLine(work, signal),
    giveWay,
    memoryBytes,
    now: () => performance.now(),
    today: () => new Date(),
  },
  faults: () => running().faults,
  currentArchitecture: () => running().architecture,
  loadCurrent: async (signal) => {
    if (usedModel === null) throw new Error('training before start');
    return (await loaderOf(usedModel))(signal, () => undefined);
  },
  readPhotograph,
});

const attendPhoto: Handlers<EngineContract>['attend'] = async (
  { id, photo, framing, upNext },
  { signal, onProgress },
) => {
  onProgress({ stage: 'decode' });
  const decodeStart = performance.now();
  const opened = await decodeAhead.take({ id, photo });
  if (!opened.ok) return opened;
  const { bitmap, notices } = opened.value;
  const { pixels, transparent } = readPixels(bitmap);
  bitmap.close();
  if (signal.aborted) return fail({ code: 'cancelled' });
  const decodeMs = performance.now() - decodeStart;
  if (upNext !== null) decodeAhead.begin(upNext);
  const result = await running().attend(pixels, { framing, keepAs: id, signal, onProgress });
  if (!result.ok) return result;
  const allNotices: PhotoNotice[] = transparent ? [...notices, 'alpha-flattened'] : [...notices];
  return succeed({ ...result.value, decodeMs, notices: allNotices });
};

const handlers: Handlers<EngineContract> = {
  ...training,

  async start({ model, backend }, { signal, onProgress }) {
    engine?.dispose();
    engine = null;
    const load = await loaderOf(model);
    const started = await Engine.start({
      backend,
      load,
      wasmAssets,
      timings: timingStore,
      signal,
      onProgress,
    });
    if (!started.ok) return started;
    engine = started.value;
    usedModel = model;
    return succeed({ backend: engine.backend, model: engine.model });
  },

  async useModel({ model }, { signal, onProgress }) {
    const used = running();
    const load = await loaderOf(model);
    // Photographs go on while the file is read; only the exchange waits for its turn.
    const loaded = await load(signal, (bytes) => onProgress({ stage: 'download', ...bytes }));
    if (!loaded.ok) return loaded;
    return line.inLine(async () => {
      onProgress({ stage: 'check' });
      const taken = await used.useModel(loaded.value, signal);
      if (!taken.ok) return taken;
      usedModel = model;
      return succeed({ model: used.model });
    }, signal);
  },

  attend: attendPhoto,

  async attendPatch({ id, photo, framing, patch }, context) {
    const atOnce = await running().attendPatch(id, framing, patch);
    if (atOnce !== null) return atOnce;
    const again = await attendPhoto({ id, photo, framing, upNext: null }, context);
    if (!again.ok) return again;
    const answer = await running().attendPatch(id, framing, patch);
    if (answer === null) throw new Error('the pass that has just run was not kept');
    return answer;
  },

  async decode({ photo, maxSidePx }) {
    const opened = await openPhoto(photo);
    if (!opened.ok) return opened;
    const { bitmap, notices } = opened.value;
    const photoSizePx = { height: bitmap.height, width: bitmap.width };
    return succeed({ bitmap: await shrinkForScreen(bitmap, maxSidePx), photoSizePx, notices });
  },
};

const line = serveCalls<EngineContract>(handlers, {
  // Each with the whole device.
  oneByOne: ['attend', 'attendPatch'],
  isFinal: (method, failure) => finalMethods.has(method) && isFinalFailure(failure),
  transferablesOf: (result) => {
    if ('registerMaps' in result)
      return [result.maps.buffer, result.registerMaps.buffer, result.specialShares.buffer];
    if ('maps' in result) return [result.maps.buffer, result.specialShares.buffer];
    return 'bitmap' in result ? [result.bitmap] : [];
  },
  failureOfCrash: (error) =>
    isOutOfMemory(error) ? { code: 'out-of-memory', tokens: null } : crashed(error),
});
