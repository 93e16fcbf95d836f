import { describe, expect, it } from 'vitest';
import type { ModelDescription } from '../../core/model.ts';
import { describeLargerOverlaps, type OverlapNow } from './describe-overlap.ts';

/** ViT-S/8: 21.7 million parameters. */
const small8: ModelDescription = {
  id: 's8',
  hash: 's8',
  title: 'S/8',
  embedDim: 384,
  depth: 12,
  numHeads: 6,
  patchSizePx: 8,
  numRegisters: 0,
  parameterCount: 21_670_272,
};

/** With plain spaces; a line never breaks between a number and ×. */
const toldOf = (now: OverlapNow): string[] =>
  describeLargerOverlaps(now).map((told) => told.replaceAll('\u00a0×', ' ×'));

const wholeGrid = { rows: 28, columns: 28 };
const measured = { overlap: 1, forwardMs: 400 } as const;

describe('what larger overlaps cost', () => {
  it('is told in patches, time and memory', () => {
    // By hand: 785, 3026 and 11882 tokens T. T × (21.67e6 + 2 T × 384 × 12) is 2.269e10, 1.500e11 and 1.559e12.
    expect(toldOf({ model: small8, wholeGrid, overlap: 1, measured })).toEqual([
      '2 ×: 3025 patches instead of 784; about 7 × the time (2.6\u00a0s instead of 0.4\u00a0s), 4 × the memory.',
      '4 ×: 11881 patches instead of 784; about 69 × the time (27\u00a0s instead of 0.4\u00a0s), 15 × the memory.',
    ]);
  });

  it('is told from the present overlap on, whichever was measured', () => {
    const told = [
      '4 ×: 11881 patches instead of 3025; about 10 × the time (27\u00a0s instead of 2.6\u00a0s), 4 × the memory.',
    ];
    expect(toldOf({ model: small8, wholeGrid, overlap: 2, measured })).toEqual(told);
    const measuredLater = { overlap: 2, forwardMs: 2645 } as const;
    expect(toldOf({ model: small8, wholeGrid, overlap: 2, measured: measuredLater })).toEqual(told);
  });

  it('names no time where none is known', () => {
    const unknown = { overlap: 1, forwardMs: 0 } as const;
    expect(toldOf({ model: small8, wholeGrid, overlap: 2, measured: unknown })).toEqual([
      '4 ×: 11881 patches instead of 3025; about 10 × the time, 4 × the memory.',
    ]);
  });

  it('offers nothing that the patch cannot be divided into, and nothing above the largest', () => {
    const model = { ...small8, patchSizePx: 14 };
    const of = (overlap: 1 | 2 | 4) =>
      toldOf({ model, wholeGrid, overlap, measured }).map((told) => told.slice(0, 3));
    expect(of(1)).toEqual(['2 ×']);
    expect(of(2)).toEqual([]);
  });
});
