/** Runs a lens: gets the passes that it needs, then calls its `compute`. */
import type { Failure } from '../core/failure.ts';
import type { FramingOptions } from '../core/photo.ts';
import type { LookProgress } from '../core/progress.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import type { Engine, Source } from '../engine/engine.ts';
import { failureOfComputing } from '../engine/out-of-memory.ts';
import type { Pass } from '../engine/pass.ts';
import { computes } from './computes.ts';
import type { LensId, ParamsOf, ResultOf } from './contracts.ts';
import type { LensCompute } from './lens-compute.ts';
import type { LookResult } from './lens-contract.ts';

export interface LookCall<L extends LensId> {
  readonly lens: L;
  readonly params: ParamsOf<L>;
  /** Keys of models that the engine has. */
  readonly models: readonly string[];
  readonly sources: readonly Source[];
  readonly framing: FramingOptions;
  readonly signal: AbortSignal;
  onProgress(progress: LookProgress): void;
}

const computeOf = <L extends LensId>(lens: L): LensCompute<ParamsOf<L>, ResultOf<L>> => computes[lens];

export async function runLook<L extends LensId>(
  engine: Engine,
  { lens, params, models, sources, framing, signal, onProgress }: LookCall<L>,
): Promise<Result<LookResult<ResultOf<L>>, Failure>> {
  const compute = computeOf(lens);
  const passes: Pass[] = [];
  const releases: (() => void)[] = [];
  try {
    for (const model of models) {
      const description = engine.describeModel(model);
      if (description === null) throw new Error(`a look with ${model}, which is not on the device`);
      const taps = compute.taps(description, params);
      for (const source of sources) {
        const held = await engine.pass({ model, source, framing, taps, signal, onProgress });
        if (!held.ok) return held;
        passes.push(held.value.pass);
        releases.push(held.value.release);
      }
    }
    const result = await compute.compute(passes, params, {
      signal,
      onProgress: (share) => onProgress({ stage: 'compute', share }),
    });
    if (!result.ok) return result;
    const readAt = performance.now();
    for (const pass of passes) pass.noteRead(readAt);
    return succeed({ passes: passes.map(({ facts }) => facts), result: result.value });
  } catch (error) {
    const failure = failureOfComputing(error);
    if (failure === null) throw error;
    return fail(
      failure.code === 'out-of-memory'
        ? { ...failure, tokens: passes.at(-1)?.tapped.tokens ?? null }
        : failure,
    );
  } finally {
    for (const release of releases) release();
  }
}
