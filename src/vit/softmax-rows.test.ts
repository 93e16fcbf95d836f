import { describe, expect, test } from 'vitest';
import { checkRows, takeColumns, type RowsShape } from './softmax-rows.ts';

/** Two heads, three queries (CLS and two registers), five tokens; a value says head, query and token. A query's heads lie side by side. */
const shape: RowsShape = { numHeads: 2, queries: 3, tokens: 5 };
const values = Float32Array.from({ length: 30 }, (_, i) => {
  const row = Math.floor(i / 5);
  return 100 * (1 + (row % 2)) + 10 * Math.floor(row / 2) + (i % 5);
});

describe('takeColumns', () => {
  test.each([
    ['CLS over the patches', { begin: 0, end: 1 }, { begin: 3, end: 5 }, [103, 104, 203, 204]],
    [
      'each register over the patches, by register and then by head',
      { begin: 1, end: 3 },
      { begin: 3, end: 5 },
      [113, 114, 213, 214, 123, 124, 223, 224],
    ],
    [
      'CLS over the special tokens',
      { begin: 0, end: 1 },
      { begin: 0, end: 3 },
      [100, 101, 102, 200, 201, 202],
    ],
    ['no queries', { begin: 1, end: 1 }, { begin: 3, end: 5 }, []],
  ])('%s', (_, queries, tokens, expected) => {
    expect([...takeColumns(values, shape, queries, tokens)]).toEqual(expected);
  });
});

describe('checkRows', () => {
  const rows = (): Float32Array => new Float32Array(30).fill(0.2);

  test('takes rows that sum to 1', () => {
    expect(() => checkRows(rows(), shape)).not.toThrow();
  });

  test.each([
    [0, 0.3, 'head 1 sums to 1.100 instead of 1'],
    [29, 0, 'head 2 sums to 0.8000 instead of 1 for register 2'],
    [16, NaN, 'head 2 sums to NaN instead of 1'],
  ])('refuses value %i as %f', (index, value, problem) => {
    const wrong = rows();
    wrong[index] = value;
    expect(() => checkRows(wrong, shape)).toThrow(
      expect.objectContaining({ failure: { code: 'wrong-result', problem } }) as Error,
    );
  });

  test('names a token that is neither CLS nor a register as it is told to', () => {
    const wrong = rows();
    wrong[7] = 1;
    const problem = 'head 1 sums to 1.800 instead of 1 for patch 2';
    expect(() => checkRows(wrong, shape, (query) => `patch ${query + 1}`)).toThrow(
      expect.objectContaining({ failure: { code: 'wrong-result', problem } }) as Error,
    );
  });
});
