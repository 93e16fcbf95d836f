/** The page's engine in Node, with one model, and looks through it. */
import { describeFailure, type BackendName, type Failure } from '../../src/core/failure.ts';
import type { PassFacts } from '../../src/core/frame.ts';
import type { FeatureChoice, ModelDescription } from '../../src/core/model.ts';
import type { FramingOptions } from '../../src/core/photo.ts';
import { succeed, type Result } from '../../src/core/result.ts';
import type { Engine, ReadPhoto, Source } from '../../src/engine/engine.ts';
import { failWith } from '../../src/engine/out-of-memory.ts';
import { startEngine } from '../../src/engine/start-engine.ts';
import type { LensId, ParamsOf, ResultOf } from '../../src/lenses/contracts.ts';
import { facetOf, featureTap } from '../../src/lenses/feature-choice.ts';
import type { LookAnswer, LookResult } from '../../src/lenses/lens-contract.ts';
import { answerLook, runLook } from '../../src/lenses/run-look.ts';
import type { ModelLoader } from '../../src/models/loaded-model.ts';
import { allowRelaxedSimd } from '../relaxed-simd.ts';
import { stopWith } from '../stop-with.ts';

const key = 'model';
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
  /** A look at several photographs, of any span; they are read when their turn comes. */
  answer<L extends LensId>(
    lens: L,
    params: ParamsOf<L>,
    sources: readonly Source[],
    framing: FramingOptions,
  ): Promise<Result<LookAnswer<ResultOf<L>>, Failure>>;
  dispose(): void;
}

/** Features of all tokens of a photograph. */
interface ReadTokens extends PassFacts {
  /** shape [T, C]: CLS, registers, then the patches row by row */
  readonly values: Float32Array<ArrayBuffer>;
}

async function readTokens(
  engine: Engine,
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

/** Ends the command with a sentence where the engine does not start. */
export async function openEngine(load: ModelLoader, backend: BackendName = 'wasm'): Promise<ToolEngine> {
  allowRelaxedSimd();
  const started = await startEngine({ backend, model: { key, load }, wasmAssets: null, signal, onProgress });
  if (!started.ok) stopWith(describeFailure(started.error));
  const engine = started.value;
  const model = engine.describeModel(key);
  if (model === null) throw new Error('an engine without its model');
  return {
    engine,
    model,
    look: (lens, params, id, photo, framing) =>
      runLook(engine, {
        lens,
        params,
        models: [key],
        sources: [sourceOf(id, photo)],
        framing,
        signal,
        onProgress,
      }),
    answer: (lens, params, sources, framing) =>
      answerLook(engine, { lens, params, models: [key], sources, framing, signal, onProgress }),
    readTokens: (choice, id, photo, framing) => readTokens(engine, choice, sourceOf(id, photo), framing),
    dispose: () => engine.dispose(),
  };
}
