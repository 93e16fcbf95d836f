/** Runs a lens: gets the passes that it needs, then calls its `compute`. */
import { isOfOnePhoto, type Failure } from '../core/failure.ts';
import type { FramingOptions } from '../core/photo.ts';
import type { LookProgress } from '../core/progress.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import type { Engine, HeldPass, ReadPhoto, Source } from '../engine/engine.ts';
import { failureOfComputing } from '../engine/out-of-memory.ts';
import type { Pass } from '../engine/pass.ts';
import { computes } from './computes.ts';
import { contractOf, type LensId, type ParamsOf, type ResultOf } from './contracts.ts';
import type { ComputeContext, LensCompute } from './lens-compute.ts';
import { spanOf, type LookAnswer, type LookResult, type Span } from './lens-contract.ts';

export interface LookCall<L extends LensId> {
  readonly lens: L;
  readonly params: ParamsOf<L>;
  /** Keys of models that the engine has. One where several photographs are looked at. */
  readonly models: readonly string[];
  /** For the span 'each' the asked photograph is the first. */
  readonly sources: readonly Source[];
  readonly framing: FramingOptions;
  readonly signal: AbortSignal;
  onProgress(progress: LookProgress): void;
}

const computeOf = <L extends LensId>(lens: L): LensCompute<ParamsOf<L>, ResultOf<L>> => computes[lens];

/** Passes that are held for a look. */
class HeldPasses {
  private readonly held: HeldPass[] = [];
  /** The photograph of each pass. */
  private readonly sources: Source[] = [];

  get passes(): readonly Pass[] {
    return this.held.map(({ pass }) => pass);
  }

  async get<L extends LensId>(
    engine: Engine,
    { lens, params, framing, signal, onProgress }: LookCall<L>,
    {
      model,
      source,
      besideHeld,
    }: { readonly model: string; readonly source: Source; readonly besideHeld: boolean },
  ): Promise<Result<void, Failure>> {
    const description = engine.describeModel(model);
    if (description === null) throw new Error(`a look with ${model}, which is not on the device`);
    const taps = computeOf(lens).taps(description, params);
    const held = await engine.pass({ model, source, framing, taps, besideHeld, signal, onProgress });
    if (!held.ok) return held;
    this.held.push(held.value);
    this.sources.push(source);
    return succeed(undefined);
  }

  /** @param at the index of a pass */
  async readPhoto(at: number): Promise<Result<ReadPhoto, Failure>> {
    const source = this.sources[at];
    if (source === undefined) throw new Error(`a photograph of pass ${at} of ${this.sources.length}`);
    return source.read();
  }

  release(): void {
    for (const { release } of this.held) release();
  }
}

/** Calls `work`, turns what the device throws into a failure, and releases the passes. */
async function withPasses<T>(
  work: (held: HeldPasses) => Promise<Result<T, Failure>>,
): Promise<Result<T, Failure>> {
  const held = new HeldPasses();
  try {
    return await work(held);
  } catch (error) {
    const failure = failureOfComputing(error);
    if (failure === null) throw error;
    return fail(
      failure.code === 'out-of-memory'
        ? { ...failure, tokens: held.passes.at(-1)?.tapped.tokens ?? null }
        : failure,
    );
  } finally {
    held.release();
  }
}

const contextOf = <L extends LensId>(
  { signal, onProgress }: LookCall<L>,
  held: HeldPasses,
): ComputeContext => ({
  signal,
  onProgress: (share) => onProgress({ stage: 'compute', share }),
  readPhoto: (at) => held.readPhoto(at),
});

const noteRead = (passes: readonly Pass[]): void => {
  const readAt = performance.now();
  for (const pass of passes) pass.noteRead(readAt);
};

/** One result of all passes: a look of the span 'one' or 'pair'. */
export const runLook = <L extends LensId>(
  engine: Engine,
  call: LookCall<L>,
): Promise<Result<LookResult<ResultOf<L>>, Failure>> =>
  withPasses(async (held) => {
    for (const model of call.models)
      for (const source of call.sources) {
        const got = await held.get(engine, call, { model, source, besideHeld: false });
        if (!got.ok) return got;
      }
    const { passes } = held;
    const result = await computeOf(call.lens).compute(passes, call.params, contextOf(call, held));
    if (!result.ok) return result;
    noteRead(passes);
    return succeed({ passes: passes.map(({ facts }) => facts), result: result.value });
  });

/** Gets a pass of each source. @returns for each source null, or why it has none */
async function holdEach<L extends LensId>(
  engine: Engine,
  call: LookCall<L>,
  span: Span,
  held: HeldPasses,
): Promise<Result<readonly (Failure | null)[], Failure>> {
  const [model] = call.models;
  if (model === undefined) throw new Error('a look without a model');
  const failures: (Failure | null)[] = [];
  for (const [at, source] of call.sources.entries()) {
    const photo = { at, count: call.sources.length };
    const onProgress = (progress: LookProgress): void => call.onProgress({ ...progress, photo });
    const got = await held.get(
      engine,
      { ...call, onProgress },
      { model, source, besideHeld: call.sources.length > 1 },
    );
    // Nothing can be said without the first one of a pair, or the asked one.
    const isNeeded = at === 0 && span !== 'all';
    if (!got.ok && (isNeeded || !isOfOnePhoto(got.error))) return got;
    if (got.ok && call.sources.length > 1) {
      await engine.finish();
      noteRead(held.passes.slice(-1));
    }
    failures.push(got.ok ? null : got.error);
  }
  return succeed(failures);
}

/** The result of a pair; of its first photograph alone where the second one failed. */
const answerPair = <L extends LensId>(
  engine: Engine,
  call: LookCall<L>,
): Promise<Result<LookAnswer<ResultOf<L>>, Failure>> =>
  withPasses(async (held) => {
    const failures = await holdEach(engine, call, 'pair', held);
    if (!failures.ok) return failures;
    const { passes } = held;
    const result = await computeOf(call.lens).compute(passes, call.params, contextOf(call, held));
    if (!result.ok) return result;
    noteRead(passes);
    const looked = { passes: passes.map(({ facts }) => facts), result: result.value };
    const second = failures.value[1] ?? null;
    return succeed(second === null ? [succeed(looked)] : [succeed(looked), fail(second)]);
  });

/** A result for each photograph. */
async function answerEach<L extends LensId>(
  engine: Engine,
  call: LookCall<L>,
  span: 'each' | 'all',
): Promise<Result<LookAnswer<ResultOf<L>>, Failure>> {
  const { lens, params } = call;
  const { computeEach } = computeOf(lens);
  if (computeEach === undefined) throw new Error(`${lens} has no computeEach`);
  return withPasses(async (held) => {
    const failures = await holdEach(engine, call, span, held);
    if (!failures.ok) return failures;
    const { passes } = held;
    if (passes.length === 0) return succeed(failures.value.map((failure) => fail(failure as Failure)));
    const results = await computeEach(passes, params, contextOf(call, held));
    if (!results.ok) return results;
    if (results.value.length !== passes.length)
      throw new Error(`${lens} has ${results.value.length} results for ${passes.length} photographs`);
    noteRead(passes);
    let at = 0;
    const next = (): LookResult<ResultOf<L>> => {
      const [pass, result] = [passes[at], results.value[at]];
      at += 1;
      return { passes: [(pass as Pass).facts], result: result as ResultOf<L> };
    };
    return succeed(failures.value.map((failure) => (failure === null ? succeed(next()) : fail(failure))));
  });
}

/**
 * A look of any span. For 'each' and 'all' every source has an answer of its own, for 'pair' the second one where it failed. A
 * photograph that cannot be read does not keep the others waiting, and neither does one for which memory has no room.
 */
export async function answerLook<L extends LensId>(
  engine: Engine,
  call: LookCall<L>,
): Promise<Result<LookAnswer<ResultOf<L>>, Failure>> {
  const span = spanOf(contractOf(call.lens), call.params as object);
  if (span === 'each' || span === 'all') return answerEach(engine, call, span);
  if (span === 'pair') return answerPair(engine, call);
  const looked = await runLook(engine, call);
  return looked.ok ? succeed([looked]) : looked;
}
