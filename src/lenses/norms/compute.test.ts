import { describe, expect, it } from 'vitest';
import type { ModelDescription } from '../../core/model.ts';
import type { Pass } from '../../engine/pass.ts';
import { plainContext } from '../../testing/compute-context.ts';
import { frameOfGrid, someModel } from '../../testing/looks.ts';
import { normsCompute } from './compute.ts';
import type { NormsResult } from './contract.ts';

const model: ModelDescription = { ...someModel, embedDim: 2, depth: 3, numRegisters: 1 };

/** @param norms of CLS, the register, and the patches of a grid with two rows: each token lies along the vector (3, −4) */
async function compute(norms: readonly number[]): Promise<NormsResult> {
  const tokens = norms.flatMap((norm) => [0.6 * norm, -0.8 * norm]);
  const pass = {
    model,
    frame: frameOfGrid(2, (norms.length - 2) / 2),
    readTokens: () => Promise.resolve(Float32Array.from(tokens)),
  } as unknown as Pass;
  const result = await normsCompute.compute([pass], { block: 2, finalNorm: 'before' }, plainContext);
  return result.ok ? result.value : expect.unreachable('it answers');
}

describe('taps', () => {
  const residual = (block: number) => ({ of: 'tokens', block, facet: 'residual' });
  const keeps = [residual(0), residual(1), residual(2), { of: 'tokens', block: 2, facet: 'out' }];

  it('are the tokens of the block, and for the next question those of all blocks', () => {
    expect(normsCompute.taps(model, { block: 2, finalNorm: 'before' })).toEqual({
      needs: [residual(1)],
      keeps,
    });
    expect(normsCompute.taps(model, { block: 'last', finalNorm: 'after' })).toEqual({
      needs: [{ of: 'tokens', block: 2, facet: 'out' }],
      keeps,
    });
  });
});

describe('the numbers', () => {
  it('are of the patches alone: smallest, middle, largest, and what is longer than twice the middle', async () => {
    const result = await compute([50, 60, 3, 1, 2, 4, 5, 13]);
    expect(result).toMatchObject({ block: 1, depth: 3, isAfterFinalNorm: false, rows: 2, columns: 3 });
    const near = (expected: number): number => expect.closeTo(expected, 4) as number;
    expect([...result.map]).toEqual([3, 1, 2, 4, 5, 13].map(near));
    expect([...result.specialNorms]).toEqual([near(50), near(60)]);
    // Between 3 and 4.
    expect(result).toMatchObject({ min: near(1), median: near(3.5), max: near(13), outliers: 1 });
  });

  it('leave with their arrays, and are written with blocks as people count', async () => {
    const result = await compute([50, 60, 3, 1, 2, 4]);
    expect(normsCompute.transfer(result)).toEqual([result.map.buffer, result.specialNorms.buffer]);
    expect(normsCompute.arrays(result)).toEqual([{ suffix: '', shape: [2, 2], values: result.map }]);
    expect(normsCompute.numbers(result)).toMatchObject({
      block: 2,
      isAfterFinalNorm: false,
      outliers: 0,
      outlierShare: 0,
    });
  });

  it.each([0, NaN, Infinity])('that no token has are a wrong result: %d', async (norm) => {
    await expect(compute([50, 60, 3, norm, 2, 4])).rejects.toMatchObject({
      failure: { code: 'wrong-result', problem: `a token has the norm ${norm}` },
    });
  });
});
