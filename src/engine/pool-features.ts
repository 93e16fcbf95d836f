/** One photograph to the features by which it is recognised: the network, then one read back of a few vectors. */
import type { Failure } from '../core/failure.ts';
import type { PassFacts } from '../core/frame.ts';
import type { FeatureSettings, PooledFeatures } from '../core/recognition.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { pooledTap, poolTokens } from '../vit/pool-tokens.ts';
import type { Engine, Source } from './engine.ts';
import { failWith } from './out-of-memory.ts';

export interface PoolRequest {
  /** The key of a model that the engine has. */
  readonly model: string;
  readonly source: Source;
  readonly framing: Pick<FeatureSettings, 'framing' | 'sidePx'>;
  /** From 1. */
  readonly blocks: readonly number[];
  readonly signal: AbortSignal;
}

export interface PooledPhoto extends PassFacts {
  /** In the order of the blocks. */
  readonly features: readonly PooledFeatures[];
}

/**
 * Features of any blocks, each after the final norm. Nothing of the pass is kept.
 * @returns 'cancelled' where the signal said so meanwhile
 */
export async function poolBlocks(
  engine: Engine,
  { model, source, framing, blocks, signal }: PoolRequest,
): Promise<Result<PooledPhoto, Failure>> {
  const places = blocks.map((block) => block - 1);
  const held = await engine.passOnce({
    model,
    source,
    framing: { shape: framing.framing, sidePx: framing.sidePx },
    taps: { needs: places.map(pooledTap), keeps: [] },
    signal,
    onProgress: () => {},
  });
  if (!held.ok) return held;
  const { pass, release } = held.value;
  try {
    const { features, readAt } = await poolTokens(pass.tapped, places);
    pass.noteRead(readAt);
    return succeed({ ...pass.facts, features });
  } catch (error) {
    return failWith(error);
  } finally {
    release();
  }
}

/** Of the one block that the settings name. */
export async function poolFeatures(
  engine: Engine,
  { settings, ...request }: Omit<PoolRequest, 'framing' | 'blocks'> & { readonly settings: FeatureSettings },
): Promise<Result<PooledPhoto & { readonly pooled: PooledFeatures }, Failure>> {
  const made = await poolBlocks(engine, { ...request, framing: settings, blocks: [settings.block] });
  if (!made.ok) return made;
  const [pooled] = made.value.features;
  return pooled === undefined ? fail({ code: 'cancelled' }) : succeed({ ...made.value, pooled });
}
