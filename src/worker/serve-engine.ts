/** The engine's worker: answers the page's messages. It owns every tensor; the page has none. */
import simdWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import plainWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import { type Failure, isFinalFailure } from '../core/failure.ts';
import { loadScript } from '../core/script.ts';
import type { VitArchitecture } from '../core/architecture.ts';
import type { FeatureSettings, PooledFeatures } from '../core/recognition.ts';
import { succeed, type Result } from '../core/result.ts';
import type { Engine, ReadPhoto, Source } from '../engine/engine.ts';
import { poolBlocks, poolFeatures } from '../engine/pool-features.ts';
import { isOutOfMemory } from '../engine/out-of-memory.ts';
import type { WasmAssets } from '../gpu/open-wasm.ts';
import { startEngine } from '../engine/start-engine.ts';
import { yieldToEventLoop } from '../engine/yield-to-event-loop.ts';
import { createDecodedPhotos } from '../media/decoded-photos.ts';
import { encodeCutOut, encodeMask } from '../formats/mask-png.ts';
import { openStorage } from '../library/opfs-storage.ts';
import { openPhoto } from '../media/decode-photo.ts';
import { pixelReader } from '../media/read-pixels.ts';
import { encodeThumbnail } from '../media/thumbnail.ts';
import type { PixelGrid } from '../media/resample.ts';
import { openBrowserSource } from '../models/browser-source.ts';
import { openFilesSource } from '../models/files-source.ts';
import { checkpointModel } from '../models/load-checkpoint.ts';
import { tfjsModel } from '../models/load-model.ts';
import type { LoadedModel, ModelLoader } from '../models/loaded-model.ts';
import { networkOfSizes, randomised } from '../models/random-network.ts';
import { computes } from '../lenses/computes.ts';
import type { LensCompute } from '../lenses/lens-compute.ts';
import type { LookAnswer } from '../lenses/lens-contract.ts';
import type { ParamsOf } from '../lenses/contracts.ts';
import { answerLook } from '../lenses/run-look.ts';
import { classify } from '../recognise/classify.ts';
import { openClassifier } from '../recognise/open-classifier.ts';
import type {
  EngineContract,
  KeyedModel,
  LookRequest,
  ModelReference,
  PhotoSource,
} from '../rpc/engine-contract.ts';
import type { Enqueue } from '../rpc/serial-queue.ts';
import { crashed, serveCalls, type Handlers } from '../rpc/serve-calls.ts';
import type { RecogniseContract } from '../rpc/recognise-contract.ts';
import type { TrainingContract } from '../rpc/training-contract.ts';
import { createMaskHandlers } from './mask-handlers.ts';
import type { ReadPhotograph } from './gather-features.ts';
import { createRecogniseHandlers } from './recognise-handlers.ts';
import { fetchClassifier, forgetClassifier } from './published-classifier.ts';
import { timingStore } from './timing-store.ts';
import { createTrainingHandlers } from './training-handlers.ts';

/** What computes on the device. */
const finalMethods: ReadonlySet<keyof EngineContract> = new Set([
  'look',
  'useModel',
  'addModel',
  'train',
  'classify',
  'gatherFeatures',
  'vote',
  'trainProbe',
  'openProbe',
  'lookAlikes',
  'layOut',
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
    case 'random': {
      const { of, seed } = model;
      const load =
        of.kind === 'sizes' ? networkOfSizes(of.id, of.title, of.architecture) : await loaderOf(of);
      return randomised(load, seed);
    }
  }
};

/** Upright, over white. */
async function readPhotograph(blob: Blob): Promise<Result<PixelGrid, Failure>> {
  const opened = await openPhoto(blob);
  if (!opened.ok) return opened;
  try {
    const read = await opened.value.readPixels();
    return read.ok ? succeed(read.value.pixels) : read;
  } finally {
    opened.value.close();
  }
}

/** What published classifiers were trained with. */
const publishedFraming = { framing: 'official', sidePx: 224 } as const;

/** What is kept of a collection's photograph to look at. */
const thumbnailSidePx = 96;

/** A collection's photograph: its pixels for the network, and its small picture. */
async function readForCollection(blob: Blob): Promise<Result<ReadPhotograph<ReadPhoto>, Failure>> {
  const opened = await openPhoto(blob);
  if (!opened.ok) return opened;
  const photo = opened.value;
  try {
    const read = await photo.readPixels();
    if (!read.ok) return read;
    const start = performance.now();
    const thumbnail = await encodeThumbnail(photo, thumbnailSidePx);
    return succeed({ pixels: read.value, thumbnail, thumbnailMs: performance.now() - start });
  } finally {
    photo.close();
  }
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
  private readonly enqueue: Enqueue;
  private readonly photos = createDecodedPhotos(openPhoto);
  private engine: Engine | null = null;
  /** The model in use: training begins from its parameters, which the engine does not keep in main memory. */
  private usedModel: KeyedModel | null = null;
  /** Its architecture, known also while another model has its place on the device. */
  private architecture: VitArchitecture | null = null;

  /** @param enqueue the queue of the calls that have the whole device */
  constructor(enqueue: Enqueue) {
    this.enqueue = enqueue;
  }

  get running(): Engine {
    if (this.engine === null) throw new Error('a call before start');
    return this.engine;
  }

  get usedArchitecture(): VitArchitecture {
    if (this.architecture === null) throw new Error('a call before start');
    return this.architecture;
  }

  async start(...[{ model, backend, silent }, { signal, onProgress }]: Call<'start'>): Answer<'start'> {
    this.engine?.dispose();
    this.engine = null;
    const load = await loaderOf(model.reference);
    const started = await startEngine({
      backend,
      model: { key: model.key, load },
      silent,
      wasmAssets,
      timings: timingStore,
      signal,
      onProgress,
    });
    if (!started.ok) return started;
    this.engine = started.value;
    this.setUsed(model);
    const description = this.engine.describeModel(model.key);
    if (description === null) throw new Error('an engine without its first model');
    const { accuracy: pixels } = await pixelReader();
    return succeed({ backend: this.engine.backend, model: description, pixels });
  }

  async useModel(...[{ model }, options]: Call<'useModel'>): Answer<'useModel'> {
    const added = await this.bring(model, options);
    if (added.ok) this.setUsed(model);
    return added;
  }

  /** @param model that is on the device now */
  private setUsed(model: KeyedModel): void {
    this.usedModel = model;
    this.architecture = this.running.architectureOf(model.key);
  }

  addModel(...[{ model }, options]: Call<'addModel'>): Answer<'addModel'> {
    return this.bring(model, options);
  }

  /** Brings a model onto the device, where it is not there already. */
  private async bring(
    model: KeyedModel,
    { signal, onProgress }: Pick<Call<'useModel'>[1], 'signal' | 'onProgress'>,
  ): Answer<'useModel'> {
    const { running } = this;
    const known = running.describeModel(model.key);
    if (known !== null) return succeed({ model: known });
    const load = await loaderOf(model.reference);
    // Photographs go on while the file is read; only bringing it onto the device waits for its turn.
    const loaded = await load(signal, (bytes) => onProgress({ stage: 'download', ...bytes }));
    if (!loaded.ok) return loaded;
    return this.enqueue(async () => {
      onProgress({ stage: 'check' });
      const added = await running.addModel(model.key, loaded.value, signal);
      return added.ok ? succeed({ model: added.value }) : added;
    }, signal);
  }

  async look(...[request, { signal, onProgress }]: Call<'look'>): Answer<'look'> {
    const { lens, params, models, framing, upNext } = request;
    for (const model of models) {
      const there = await this.ensureModel(model, { signal, onProgress });
      if (!there.ok) return there;
    }
    const sources = request.sources.map((source) => this.sourceOf(source, upNext));
    return answerLook(this.running, {
      lens,
      // The page's own lens wrote them.
      params: params as ParamsOf<typeof lens>,
      models: models.map(({ key }) => key),
      sources,
      framing,
      signal,
      onProgress,
    });
  }

  /** @returns the model in use, its parameters in main memory */
  async loadUsed(signal: AbortSignal): Promise<Result<LoadedModel, Failure>> {
    if (this.usedModel === null) throw new Error('training before start');
    return (await loaderOf(this.usedModel.reference))(signal, () => undefined);
  }

  /** Loads it again where it was disposed to free memory. */
  private async ensureModel(
    { key, reference }: KeyedModel,
    { signal, onProgress }: Pick<Call<'look'>[1], 'signal' | 'onProgress'>,
  ): Promise<Result<void, Failure>> {
    if (this.running.describeModel(key) !== null) return succeed(undefined);
    const load = await loaderOf(reference);
    const loaded = await load(signal, (bytes) => onProgress({ stage: 'download', ...bytes }));
    if (!loaded.ok) return loaded;
    onProgress({ stage: 'check' });
    const added = await this.running.addModel(key, loaded.value, signal);
    return added.ok ? succeed(undefined) : added;
  }

  /** The features of a collection's photograph, in its turn. */
  async pool(
    model: KeyedModel,
    photo: ReadPhoto,
    settings: FeatureSettings,
    signal: AbortSignal,
  ): Promise<Result<PooledFeatures, Failure>> {
    return this.enqueue(async () => {
      const there = await this.ensureModel(model, { signal, onProgress: () => undefined });
      if (!there.ok) return there;
      // Nothing of the pass is kept, so that no other one is meant by this name.
      const source = { id: 'collection', read: () => Promise.resolve(succeed(photo)) };
      const made = await poolFeatures(this.running, { model: model.key, source, settings, signal });
      return made.ok ? succeed(made.value.pooled) : made;
    });
  }

  async classify(
    ...[{ model, source, classifier, count }, { signal }]: Call<'classify'>
  ): Answer<'classify'> {
    const file =
      classifier.kind === 'file' ? succeed(classifier.file) : await fetchClassifier(classifier.url, signal);
    if (!file.ok) return file;
    return this.enqueue(async () => {
      const there = await this.ensureModel(model, { signal, onProgress: () => undefined });
      if (!there.ok) return there;
      const described = this.running.describeModel(model.key);
      if (described === null) throw new Error('a classifier of a model that is not on the device');
      const opened = await openClassifier(file.value, described);
      if (!opened.ok) {
        if (classifier.kind === 'published') await forgetClassifier(classifier.url);
        return opened;
      }
      const { probe, blocks, inputOf, nameOf, madeOf } = opened.value;
      const made = await poolBlocks(this.running, {
        model: model.key,
        source: this.sourceOf(source, null),
        framing: madeOf ?? publishedFraming,
        blocks,
        signal,
      });
      if (!made.ok) return made;
      const classes = await classify(probe, inputOf(made.value.features), count, nameOf);
      return succeed({ classes, classCount: probe.classCount, madeOf });
    }, signal);
  }

  async decode(...[{ id, photo, maxSidePx }]: Call<'decode'>): Answer<'decode'> {
    return this.photos.use({ id, photo }, 'when-free', async (decoded) => ({
      bitmap: await decoded.drawForScreen(maxSidePx),
      photoSizePx: decoded.sizePx,
      notices: decoded.notices,
    }));
  }

  async saveMasks(...[{ id, photo, as, masks }]: Call<'saveMasks'>): Answer<'saveMasks'> {
    if (as === 'mask') return succeed({ png: await encodeMask(masks) });
    const read = await this.photos.use({ id, photo }, 'when-free', (decoded) => decoded.readPixels());
    if (!read.ok) return read;
    if (!read.value.ok) return read.value;
    return succeed({ png: await encodeCutOut(read.value.value.pixels, masks) });
  }

  private sourceOf({ id, photo }: PhotoSource, upNext: PhotoSource | null): Source {
    return {
      id,
      read: async () => {
        const read = await this.photos.use({ id, photo }, 'now', (decoded) => decoded.readPixels());
        if (upNext !== null) this.photos.begin(upNext);
        return read.ok ? read.value : read;
      },
    };
  }
}

const createTraining = (host: EngineHost, enqueue: Enqueue): Handlers<TrainingContract> =>
  createTrainingHandlers({
    folders: openStorage('runs', { code: 'run-busy' }),
    tools: {
      enqueue,
      yieldToEventLoop,
      memoryBytes,
      now: () => performance.now(),
      today: () => new Date(),
    },
    faults: () => host.running.faults,
    currentArchitecture: () => host.usedArchitecture,
    loadCurrent: (signal) => host.loadUsed(signal),
    readPhotograph,
  });

const createRecognition = (host: EngineHost, enqueue: Enqueue): Handlers<RecogniseContract> =>
  createRecogniseHandlers<ReadPhoto>({
    folders: openStorage('collections', { code: 'collection-busy' }),
    enqueue,
    faults: () => host.running.faults,
    yieldToEventLoop,
    now: () => performance.now(),
    today: () => new Date(),
    bringModel: (model, options) => host.addModel({ model }, options),
    readPhotograph: readForCollection,
    pool: (...request) => host.pool(...request),
  });

/** A result's large arrays and bitmaps, which are transferred. */
function transferablesOf<M extends keyof EngineContract>(
  method: M,
  result: EngineContract[M]['result'],
  request: EngineContract[M]['request'],
): Transferable[] {
  if (method === 'look') {
    const { lens } = request as LookRequest;
    const { transfer } = computes[lens] as LensCompute<never, unknown>;
    const buffers = (result as LookAnswer<unknown>).flatMap((looked) =>
      looked.ok ? [...transfer(looked.value.result)] : [],
    );
    // Results of several photographs may share one.
    return [...new Set(buffers)];
  }
  if (method === 'vote') {
    const { predictions, shares, neighbours, confusion } = result as RecogniseContract['vote']['result'];
    const arrays = [predictions, shares, neighbours.items, neighbours.cosines, confusion];
    return arrays.map(({ buffer }) => buffer);
  }
  if ('cells' in result) return [result.cells.buffer];
  if ('kind' in result && result.kind === 'mask') return [result.facts.outline.values.buffer];
  return 'bitmap' in result ? [result.bitmap] : [];
}

/** Answers the calls of the page from now on. */
export function serveEngine(): void {
  const enqueue: Enqueue = (work, signal) => calls.enqueue(work, signal);
  const host = new EngineHost(enqueue);
  const handlers: Handlers<EngineContract> = {
    ...createTraining(host, enqueue),
    ...createRecognition(host, enqueue),
    ...createMaskHandlers(),
    start: (...call) => host.start(...call),
    useModel: (...call) => host.useModel(...call),
    addModel: (...call) => host.addModel(...call),
    look: (...call) => host.look(...call),
    decode: (...call) => host.decode(...call),
    saveMasks: (...call) => host.saveMasks(...call),
    classify: (...call) => host.classify(...call),
  };
  const calls = serveCalls<EngineContract>(handlers, {
    // Each with the whole device.
    oneByOne: ['look'],
    isFinal: (method, failure) => finalMethods.has(method) && isFinalFailure(failure),
    transferablesOf,
    failureOfCrash: (error) =>
      isOutOfMemory(error) ? { code: 'out-of-memory', tokens: null } : crashed(error),
  });
}
