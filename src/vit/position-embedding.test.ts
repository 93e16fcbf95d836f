import { describe, expect, test } from 'vitest';
import fixture from '../../tools/reference/fixtures/position-embedding.json';
import { floatsOfBase64 } from '../core/base64.ts';
import { maxAbsDifference } from '../testing/max-abs-difference.ts';
import { interpolatePositionEmbedding } from './position-embedding.ts';

describe.each(fixture.grids)('a grid of $grid', ({ grid, channels, embedding, cases }) => {
  test.each(cases)('to $rows × $columns equals PyTorch', ({ rows, columns, values }) => {
    // In front stands the CLS token's embedding, which no interpolation may touch.
    const cls = Float32Array.from({ length: channels }, (_, channel) => 100 + channel);
    const whole = Float32Array.of(...cls, ...floatsOfBase64(embedding));
    const result = interpolatePositionEmbedding(whole, grid, channels, rows, columns);
    const expected = floatsOfBase64(values);
    expect(result.subarray(0, channels)).toEqual(cls);
    // PyTorch evaluates the cubic's outer taps in float32, where their terms cancel.
    expect(maxAbsDifference(result.subarray(channels), expected)).toBeLessThan(4e-6);
  });
});
