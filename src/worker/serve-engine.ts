/** The engine's worker: messages in, the engine's answers out. Owns every tensor; the page never sees one. */
import simdWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import plainWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import { type Failure, isFinalFailure } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { loadScript } from '../core/script.ts';
import { Engine, giveWay } from '../engine/engine.ts';
import { isOutOfMemory } from '../engine/out-of-memory.ts';
import type { WasmAssets } from '../gpu/open-wasm.ts';
import { createDecodeAhead } from '../media/decode-ahead.ts';
import { openFolders } from '../library/opfs-folders.ts';
import { openPhoto } from '../media/decode-photo.ts';
import { pixelReader } from '../media/read-pixels.ts';
import type { PixelGrid } from '../media/resample.ts';
import { openBrowserSource } from '../models/browser-source.ts';
import { openFilesSource } from '../models/files-source.ts';
import { checkpointModel } from '../models/load-checkpoint.ts';
import { tfjsModel } from '../models/load-model.ts';
import type { LoadedModel, ModelLoader } from '../models/loaded-model.ts';
import type { EngineContract, ModelReference } from '../rpc/engine-contract.ts';
import type { InLine } from '../rpc/line.ts';
import { crashed, serveCalls, type Handlers } from '../rpc/serve-calls.ts';
import type { TrainingContract } from '../rpc/training-contract.ts';
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
  prepareThreads: async () =>
    (await loadScript(() => import('../gpu/threaded-wasm.ts'), import.meta.url)).prepareThreads(),
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
  const read = await opened.value.readPixels();
  opened.value.close();
  return read.ok ? succeed(read.value.pixels) : read;
}

/** Where the GPU's buffers are counted, those that tfjs keeps for the next step are counted too. */
function memoryBytes(): number {
  const { numBytes, numBytesInGPUAllocated } = tf.memory() as tf.MemoryInfo & {
    numBytesInGPUAllocated?: number;
  };
  return numBytesInGPUAllocated ?? numBytes;
}

type Call<M extends keyof EngineContract> = Parameters<Handlers<EngineContract>[M]>;
type Answer<M extends keyof EngineContract> = ReturnType<Handlers<EngineContract>[M]>;

/** The engine that the worker has, and what is done with it. */
class EngineHost {
  private readonly inLine: InLine;
  private readonly decodeAhead = createDecodeAhead(openPhoto);
  private engine: Engine | null = null;
  /** The way to the model in use: training begins from its parameters, which the engine does not keep in main memory. */
  private usedModel: ModelReference | null = null;

  /** @param inLine the line of the calls that have the whole device */
  constructor(inLine: InLine) {
    this.inLine = inLine;
  }

  get running(): Engine {
    if (this.engine === null) throw new Error('a call before start');
    return this.engine;
  }

  async start(...[{ model, backend, silent }, { signal, onProgress }]: Call<'start'>): Answer<'start'> {
    this.engine?.dispose();
    this.engine = null;
    const load = await loaderOf(model);
    const started = await Engine.start({
      backend,
      load,
      silent,
      wasmAssets,
      timings: timingStore,
      signal,
      onProgress,
    });
    if (!started.ok) return started;
    this.engine = started.value;
    this.usedModel = model;
    const { accuracy: pixels } = await pixelReader();
    return succeed({ backend: this.engine.backend, model: this.engine.model, pixels });
  }

  async useModel(...[{ model }, { signal, onProgress }]: Call<'useModel'>): Answer<'useModel'> {
    const used = this.running;
    const load = await loaderOf(model);
    // Photographs go on while the file is read; only the exchange waits for its turn.
    const loaded = await load(signal, (bytes) => onProgress({ stage: 'download', ...bytes }));
    if (!loaded.ok) return loaded;
    return this.inLine(async () => {
      onProgress({ stage: 'check' });
      const taken = await used.useModel(loaded.value, signal);
      if (!taken.ok) return taken;
      this.usedModel = model;
      return succeed({ model: used.model });
    }, signal);
  }

  async attend(...call: Call<'attend'>): Answer<'attend'> {
    try {
      return await this.decodeAndAttend(...call);
    } finally {
      this.decodeAhead.rest();
    }
  }

  private async decodeAndAttend(
    ...[{ id, photo, framing, upNext }, { signal, onProgress }]: Call<'attend'>
  ): Answer<'attend'> {
    onProgress({ stage: 'decode' });
    const decodeStart = performance.now();
    const opened = await this.decodeAhead.take({ id, photo });
    if (!opened.ok) return opened;
    const read = await opened.value.readPixels();
    opened.value.close();
    if (!read.ok) return read;
    const { pixels, notices } = read.value;
    if (signal.aborted) return fail({ code: 'cancelled' });
    const decodeMs = performance.now() - decodeStart;
    if (upNext !== null) this.decodeAhead.begin(upNext);
    const result = await this.running.attend(pixels, { framing, keepAs: id, signal, onProgress });
    if (!result.ok) return result;
    return succeed({ ...result.value, decodeMs, notices });
  }

  async attendPatch(...[{ id, photo, framing, patch }, context]: Call<'attendPatch'>): Answer<'attendPatch'> {
    const atOnce = await this.running.attendPatch(id, framing, patch);
    if (atOnce !== null) return atOnce;
    const again = await this.attend({ id, photo, framing, upNext: null }, context);
    if (!again.ok) return again;
    const answer = await this.running.attendPatch(id, framing, patch);
    if (answer === null) throw new Error('the pass that has just run was not kept');
    return answer;
  }

  /** @returns the model in use, its parameters in main memory */
  async loadUsed(signal: AbortSignal): Promise<Result<LoadedModel, Failure>> {
    if (this.usedModel === null) throw new Error('training before start');
    return (await loaderOf(this.usedModel))(signal, () => undefined);
  }
}

const createTraining = (host: EngineHost, inLine: InLine): Handlers<TrainingContract> =>
  createTrainingHandlers({
    folders: openFolders('runs', { code: 'run-busy' }),
    tools: { inLine, giveWay, memoryBytes, now: () => performance.now(), today: () => new Date() },
    faults: () => host.running.faults,
    currentArchitecture: () => host.running.architecture,
    loadCurrent: (signal) => host.loadUsed(signal),
    readPhotograph,
  });

async function decode(...[{ photo, maxSidePx }]: Call<'decode'>): Answer<'decode'> {
  const opened = await openPhoto(photo);
  if (!opened.ok) return opened;
  const { sizePx, notices } = opened.value;
  const bitmap = await opened.value.drawForScreen(maxSidePx);
  opened.value.close();
  return succeed({ bitmap, photoSizePx: sizePx, notices });
}

function transferablesOf(result: EngineContract[keyof EngineContract]['result']): Transferable[] {
  if ('registerMaps' in result)
    return [result.maps.buffer, result.registerMaps.buffer, result.specialShares.buffer];
  if ('maps' in result) return [result.maps.buffer, result.specialShares.buffer];
  return 'bitmap' in result ? [result.bitmap] : [];
}

/** Answers the calls of the page from now on. */
export function serveEngine(): void {
  const inLine: InLine = (work, signal) => line.inLine(work, signal);
  const host = new EngineHost(inLine);
  const handlers: Handlers<EngineContract> = {
    ...createTraining(host, inLine),
    start: (...call) => host.start(...call),
    useModel: (...call) => host.useModel(...call),
    attend: (...call) => host.attend(...call),
    attendPatch: (...call) => host.attendPatch(...call),
    decode,
  };
  const line = serveCalls<EngineContract>(handlers, {
    // Each with the whole device.
    oneByOne: ['attend', 'attendPatch'],
    isFinal: (method, failure) => finalMethods.has(method) && isFinalFailure(failure),
    transferablesOf,
    failureOfCrash: (error) =>
      isOutOfMemory(error) ? { code: 'out-of-memory', tokens: null } : crashed(error),
  });
}
