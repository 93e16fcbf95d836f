/** The engine that the worker has: which models are on the device, and what is asked of them. */
import simdWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import plainWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import type { Failure } from '../core/failure.ts';
import { loadScript } from '../core/script.ts';
import type { VitArchitecture } from '../core/architecture.ts';
import type { FeatureSettings, PooledFeatures } from '../core/recognition.ts';
import { succeed, type Result } from '../core/result.ts';
import type { Engine, ReadPhoto, Source } from '../engine/engine.ts';
import { poolBlocks, poolFeatures } from '../engine/pool-features.ts';
import type { WasmAssets } from '../gpu/open-wasm.ts';
import { startEngine } from '../engine/start-engine.ts';
import { createDecodedPhotos } from '../media/decoded-photos.ts';
import { encodeCutOut, encodeMask } from '../formats/mask-png.ts';
import { openPhoto } from '../media/decode-photo.ts';
import { pixelReader } from '../media/read-pixels.ts';
import { openBrowserSource } from '../models/browser-source.ts';
import { openFilesSource } from '../models/files-source.ts';
import { checkpointModel } from '../models/load-checkpoint.ts';
import { tfjsModel } from '../models/load-model.ts';
import type { LoadedModel, ModelLoader } from '../models/loaded-model.ts';
import { networkOfSizes, randomised } from '../models/random-network.ts';
import type { ParamsOf } from '../lenses/contracts.ts';
import { answerLook } from '../lenses/run-look.ts';
import { classify } from '../recognise/classify.ts';
import { openClassifier } from '../recognise/open-classifier.ts';
import type { EngineContract, KeyedModel, ModelReference, PhotoSource } from '../rpc/engine-contract.ts';
import type { Enqueue } from '../rpc/serial-queue.ts';
import type { Handlers } from '../rpc/serve-calls.ts';
import { readClassifier } from './published-classifier.ts';
import { timingStore } from './timing-store.ts';

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

/** What published classifiers were trained with. */
const publishedFraming = { framing: 'official', sidePx: 224 } as const;

type Call<M extends keyof EngineContract> = Parameters<Handlers<EngineContract>[M]>;
type Answer<M extends keyof EngineContract> = ReturnType<Handlers<EngineContract>[M]>;

type Options = Pick<Call<'useModel'>[1], 'signal' | 'onProgress'>;

export class EngineHost {
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
    const added = await this.bring(model, options, this.enqueue);
    if (added.ok) this.setUsed(model);
    return added;
  }

  /** @param model that is on the device now */
  private setUsed(model: KeyedModel): void {
    this.usedModel = model;
    this.architecture = this.running.architectureOf(model.key);
  }

  addModel(...[{ model }, options]: Call<'addModel'>): Answer<'addModel'> {
    return this.bring(model, options, this.enqueue);
  }

  /**
   * Brings a model onto the device where it is not there: it is new, or was disposed to free memory. While its file is read, photographs go on.
   * @param inTurn waits for the device; left out where the caller has it
   */
  private async bring(
    { key, reference }: KeyedModel,
    { signal, onProgress }: Options,
    inTurn: Enqueue = (work) => work(),
  ): Answer<'useModel'> {
    const { running } = this;
    const known = running.describeModel(key);
    if (known !== null) return succeed({ model: known });
    const load = await loaderOf(reference);
    const loaded = await load(signal, (bytes) => onProgress({ stage: 'download', ...bytes }));
    if (!loaded.ok) return loaded;
    return inTurn(async () => {
      onProgress({ stage: 'check' });
      const added = await running.addModel(key, loaded.value, signal);
      return added.ok ? succeed({ model: added.value }) : added;
    }, signal);
  }

  async look(...[request, { signal, onProgress }]: Call<'look'>): Answer<'look'> {
    const { lens, params, models, framing, upNext } = request;
    for (const model of models) {
      const there = await this.bring(model, { signal, onProgress });
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

  /** The features of a collection's photograph, in its turn. */
  async pool(
    model: KeyedModel,
    photo: ReadPhoto,
    settings: FeatureSettings,
    signal: AbortSignal,
  ): Promise<Result<PooledFeatures, Failure>> {
    return this.enqueue(async () => {
      const there = await this.bring(model, { signal, onProgress: () => undefined });
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
    const read = await readClassifier(classifier, signal);
    if (!read.ok) return read;
    return this.enqueue(async () => {
      const there = await this.bring(model, { signal, onProgress: () => undefined });
      if (!there.ok) return there;
      const opened = await openClassifier(read.value.file, there.value.model);
      if (!opened.ok) return opened;
      const kept = await read.value.keep(opened.value.probe);
      if (!kept.ok) return kept;
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

  forget(...[{ photos }]: Call<'forget'>): Answer<'forget'> {
    this.engine?.forget(new Set(photos));
    return Promise.resolve(succeed({}));
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
