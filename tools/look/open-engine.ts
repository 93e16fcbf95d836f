/** The page's engine in Node, with one model, and looks through it. */
import { describeFailure, type BackendName, type Failure } from '../../src/core/failure.ts';
import type { PassFacts } from '../../src/core/frame.ts';
import type { FeatureChoice, ModelDescription } from '../../src/core/model.ts';
import type { FramingOptions } from '../../src/core/photo.ts';
import type { FeatureSettings, PooledFeatures } from '../../src/core/recognition.ts';
import { succeed, type Result } from '../../src/core/result.ts';
import type { Engine, EngineLimits, ReadPhoto, Source } from '../../src/engine/engine.ts';
import { failWith } from '../../src/engine/out-of-memory.ts';
import { poolBlocks, poolFeatures, type PooledPhoto } from '../../src/engine/pool-features.ts';
import { startEngine } from '../../src/engine/start-engine.ts';
import type { LensId, ParamsOf, ResultOf } from '../../src/lenses/contracts.ts';
import { facetOf, featureTap } from '../../src/lenses/feature-choice.ts';
import type { LookAnswer, LookResult } from '../../src/lenses/lens-contract.ts';
import { answerLook, runLook } from '../../src/lenses/run-look.ts';
import type { ModelLoader } from '../../src/models/loaded-model.ts';
import { allowRelaxedSimd } from '../relaxed-simd.ts';
import { stopWith } from '../stop-with.ts';

const firstKey = 'model';
const besideKey = 'against';
const { signal } = new AbortController();
const onProgress = (): void => {};

const sourceOf = (id: string, photo: ReadPhoto): Source => ({
  id,
  read: () => Promise.resolve(succeed(photo)),
});

export interface ToolEngine {
  readonly engine: Engine;
  readonly model: ModelDescription;
  /** @param id the same each time that the same photograph is meant */
  look<L extends LensId>(
    lens: L,
    params: ParamsOf<L>,
    id: string,
    photo: ReadPhoto,
    framing: FramingOptions,
  ): Promise<Result<LookResult<ResultOf<L>>, Failure>>;
  /** @param id the same each time that the same photograph is meant */
  readTokens(
    choice: FeatureChoice,
    id: string,
    photo: ReadPhoto,
    framing: FramingOptions,
  ): Promise<Result<ReadTokens, Failure>>;
  /** Of the whole photograph. @param id the same each time that the same photograph is meant */
  pool(
    settings: FeatureSettings,
    id: string,
    photo: ReadPhoto,
  ): Promise<Result<PooledPhoto & { readonly pooled: PooledFeatures }, Failure>>;
  /** Of several blocks, from 1. @param id the same each time that the same photograph is meant */
  poolBlocks(
    blocks: readonly number[],
    framing: Pick<FeatureSettings, 'framing' | 'sidePx'>,
    id: string,
    photo: ReadPhoto,
  ): Promise<Result<PooledPhoto, Failure>>;
  /** A look at several photographs, of any span; they are read when their turn comes. */
  answer<L extends LensId>(
    lens: L,
    params: ParamsOf<L>,
    sources: readonly Source[],
    framing: FramingOptions,
  ): Promise<Result<LookAnswer<ResultOf<L>>, Failure>>;
  /**
   * Brings a second model onto the same device. Where the two do not fit together, each is loaded again when its turn comes.
   * Ends the command with a sentence where it cannot be had.
   * @param name what the sentence begins with, since the first model is not meant
   */
  beside(load: ModelLoader, name: string): Promise<ToolEngine>;
  /** Of all its models. */
  dispose(): void;
}

/** Features of all tokens of a photograph. */
interface ReadTokens extends PassFacts {
  /** shape [T, C]: CLS, registers, then the patches row by row */
  readonly values: Float32Array<ArrayBuffer>;
}

async function readTokens(
  engine: Engine,
  key: string,
  choice: FeatureChoice,
  source: Source,
  framing: FramingOptions,
): Promise<Result<ReadTokens, Failure>> {
  const taps = { needs: [featureTap(choice)], keeps: [] };
  const held = await engine.pass({ model: key, source, framing, taps, signal, onProgress });
  if (!held.ok) return held;
  const { pass, release } = held.value;
  try {
    const values = await pass.readTokens(choice.block - 1, facetOf(choice));
    return succeed({ ...pass.facts, values });
  } catch (error) {
    return failWith(error);
  } finally {
    release();
  }
}

/** Loads it, where it is not on the device. */
async function bring(engine: Engine, key: string, load: ModelLoader): Promise<Result<void, Failure>> {
  if (engine.describeModel(key) !== null) return succeed(undefined);
  const loaded = await load(signal, onProgress);
  if (!loaded.ok) return loaded;
  const added = await engine.addModel(key, loaded.value, signal);
  return added.ok ? succeed(undefined) : added;
}

/** An engine that has the model, as one of several. */
function engineOf(engine: Engine, key: string, load: ModelLoader): ToolEngine {
  const model = engine.describeModel(key);
  if (model === null) throw new Error('an engine without its model');
  /** Another model may have taken its place. */
  const withModel = async <T>(work: () => Promise<Result<T, Failure>>): Promise<Result<T, Failure>> => {
    const there = await bring(engine, key, load);
    return there.ok ? work() : there;
  };
  const common = { models: [key], signal, onProgress };
  return {
    engine,
    model,
    look: (lens, params, id, photo, framing) =>
      withModel(() => runLook(engine, { lens, params, sources: [sourceOf(id, photo)], framing, ...common })),
    answer: (lens, params, sources, framing) =>
      withModel(() => answerLook(engine, { lens, params, sources, framing, ...common })),
    readTokens: (choice, id, photo, framing) =>
      withModel(() => readTokens(engine, key, choice, sourceOf(id, photo), framing)),
    pool: (settings, id, photo) =>
      withModel(() => poolFeatures(engine, { model: key, source: sourceOf(id, photo), settings, signal })),
    poolBlocks: (blocks, framing, id, photo) =>
      withModel(() =>
        poolBlocks(engine, { model: key, source: sourceOf(id, photo), framing, blocks, signal }),
      ),
    async beside(other, name) {
      const added = await bring(engine, besideKey, other);
      if (!added.ok) stopWith(`${name}: ${describeFailure(added.error)}`);
      return engineOf(engine, besideKey, other);
    },
    dispose: () => engine.dispose(),
  };
}

/**
 * Ends the command with a sentence where the engine does not start.
 * @param limits of the device's memory, where they are not the usual ones
 */
export async function openEngine(
  load: ModelLoader,
  backend: BackendName = 'wasm',
  limits?: EngineLimits,
): Promise<ToolEngine> {
  allowRelaxedSimd();
  const started = await startEngine({
    backend,
    model: { key: firstKey, load },
    wasmAssets: null,
    ...(limits === undefined ? {} : { limits }),
    signal,
    onProgress,
  });
  if (!started.ok) stopWith(describeFailure(started.error));
  return engineOf(started.value, firstKey, load);
}
