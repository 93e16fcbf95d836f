/** The page's engine in Node, with one model, and looks through it. */
import { describeFailure, type BackendName, type Failure } from '../../src/core/failure.ts';
import type { ModelDescription } from '../../src/core/model.ts';
import type { FramingOptions } from '../../src/core/photo.ts';
import type { Result } from '../../src/core/result.ts';
import type { Engine, ReadPhoto } from '../../src/engine/engine.ts';
import { startEngine } from '../../src/engine/start-engine.ts';
import type { LensId, ParamsOf, ResultOf } from '../../src/lenses/contracts.ts';
import type { LookResult } from '../../src/lenses/lens-contract.ts';
import { runLook } from '../../src/lenses/run-look.ts';
import type { ModelLoader } from '../../src/models/loaded-model.ts';
import { allowRelaxedSimd } from '../relaxed-simd.ts';
import { stopWith } from '../stop-with.ts';

const key = 'model';
const { signal } = new AbortController();
const onProgress = (): void => {};

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
  dispose(): void;
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
        sources: [{ id, read: () => Promise.resolve({ ok: true, value: photo }) }],
        framing,
        signal,
        onProgress,
      }),
    dispose: () => engine.dispose(),
  };
}
