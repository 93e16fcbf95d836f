import { describe, expect, it } from 'vitest';
import type { ModelDescription } from '../../core/model.ts';
import type { Pass } from '../../engine/pass.ts';
import { plainContext } from '../../testing/compute-context.ts';
import { frameOfGrid, someModel } from '../../testing/looks.ts';
import type { AttentionRows } from '../../vit/read-attention.ts';
import type { BlockChoice } from '../block-choice.ts';
import type { Query } from '../lens-contract.ts';
import { headsCompute } from './compute.ts';

const model: ModelDescription = { ...someModel, depth: 12, numHeads: 2, numRegisters: 1 };
const frame = frameOfGrid(2, 3);
const tokens = 2 + 6;

/** A fake pass. It records what is read of it, and its values are head × 100 + key token. */
function fakePass(of: ModelDescription = model) {
  const reads: unknown[] = [];
  const pass = {
    model: of,
    frame,
    readAttention: (blocks: readonly number[], queries: readonly number[]): Promise<AttentionRows> => {
      reads.push([blocks, queries]);
      const values = Float32Array.from(
        { length: of.numHeads * tokens },
        (_, i) => 100 * Math.floor(i / tokens) + (i % tokens),
      );
      const readAt = performance.now();
      return Promise.resolve({ blocks, queries, numHeads: of.numHeads, tokens, values, readAt });
    },
  };
  return { reads, pass: pass as unknown as Pass };
}

const cls: Query = { token: 0, patch: null };

async function compute(query: Query, block: BlockChoice = 'last', of = model) {
  const { pass, reads } = fakePass(of);
  const result = await headsCompute.compute([pass], { block, ...query }, plainContext);
  return { reads, result };
}

describe('what a pass must keep', () => {
  it.each<[BlockChoice, number]>([
    ['last', 11],
    [1, 0],
    [12, 11],
    [40, 11],
  ])('for block %s of twelve is of block %i', (block, index) => {
    expect(headsCompute.taps(model, { block, ...cls })).toEqual({
      needs: [{ of: 'attention', blocks: [index], queries: 'special' }],
      keeps: [{ of: 'attention', blocks: [index], queries: 'all' }],
    });
  });

  it('for a patch is what any patch can be answered from', () => {
    const patch = { row: 1, column: 1 };
    expect(headsCompute.taps(model, { block: 'last', token: 0, patch })).toEqual({
      needs: [{ of: 'attention', blocks: [11], queries: 'all' }],
      keeps: [],
    });
  });
});

describe('a token', () => {
  it.each<[string, Query, number, Query]>([
    ['CLS', cls, 0, cls],
    ['a register', { token: 1, patch: null }, 1, { token: 1, patch: null }],
    ['a register that the network has not', { token: 2, patch: null }, 0, cls],
    [
      'the first patch',
      { token: 0, patch: { row: 0, column: 0 } },
      2,
      { token: 0, patch: { row: 0, column: 0 } },
    ],
    [
      'the last patch',
      { token: 1, patch: { row: 1, column: 2 } },
      7,
      { token: 0, patch: { row: 1, column: 2 } },
    ],
  ])('%s is asked by its place', async (_, query, index, answered) => {
    const { reads, result } = await compute(query);
    expect(reads).toEqual([[[11], [index]]]);
    expect(result).toMatchObject({ ok: true, value: { block: 11, query: answered } });
  });

  it.each([
    { row: 2, column: 0 },
    { row: 0, column: 3 },
  ])('that is no patch of the grid is nobody’s: %o', async (patch) => {
    const { reads, result } = await compute({ token: 0, patch });
    expect(result).toEqual({ ok: false, error: { code: 'cancelled' } });
    expect(reads).toEqual([]);
  });

  it('is asked in the block that was chosen, or the last one where there are fewer', async () => {
    expect((await compute(cls, 3)).reads).toEqual([[[2], [0]]]);
    expect((await compute(cls, 13)).reads).toEqual([[[11], [0]]]);
    expect((await compute(cls, 3)).result).toMatchObject({ value: { block: 2 } });
  });
});

describe('the answer', () => {
  it('is the row of each head: patches in maps, special tokens in shares', async () => {
    const { result } = await compute(cls);
    if (!result.ok) expect.unreachable('it answers');
    expect(result.value).toMatchObject({ numHeads: 2, numRegisters: 1, rows: 2, columns: 3 });
    expect([...result.value.maps]).toEqual([2, 3, 4, 5, 6, 7, 102, 103, 104, 105, 106, 107]);
    expect([...result.value.specialShares]).toEqual([0, 1, 100, 101]);
    expect(result.value.lookMs).toBeGreaterThanOrEqual(0);
  });

  it('leaves with its arrays, and is written with its numbers as people count', async () => {
    const { result } = await compute({ token: 1, patch: null }, 3);
    if (!result.ok) expect.unreachable('it answers');
    const { maps, specialShares } = result.value;
    expect(headsCompute.transfer(result.value)).toEqual([maps.buffer, specialShares.buffer]);
    expect(headsCompute.arrays(result.value)).toEqual([{ suffix: '', shape: [2, 2, 3], values: maps }]);
    expect(headsCompute.numbers(result.value)).toEqual({
      block: 3,
      query: { token: 1, patch: null },
      heads: 2,
      registers: 1,
      specialShares: [
        [0, 1],
        [100, 101],
      ],
    });
  });
});
