import { describe, expect, test } from 'vitest';
import oblong from '../../tools/reference/fixtures/oblong.json';
import reported from '../../tools/reference/fixtures/position-sizes.json';
import fixture from '../../tools/reference/fixtures/position-embedding.json';
import { floatsOfBase64 } from '../core/base64.ts';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import { interpolatePositionEmbedding } from './position-embedding.ts';

const squares = [...fixture.grids, ...reported.grids].map(({ grid, ...rest }) => ({
  ...rest,
  gridSize: grid,
  longest: grid,
}));
const oblongs = oblong.grids.map(({ rows, columns, ...rest }) => ({
  ...rest,
  gridSize: [rows, columns] as const,
  longest: Math.max(rows, columns),
}));

describe.each([...squares, ...oblongs])('a grid of $gridSize', (trained) => {
  const { gridSize, longest, channels, embedding, cases } = trained;
  test.each(cases)(
    'to $rows × $columns, $resampling, equals PyTorch',
    ({ rows, columns, resampling, values }) => {
      if (resampling !== 'offset' && resampling !== 'antialiased') throw new Error(`unknown ${resampling}`);
      // In front stands the CLS token's embedding, which no interpolation may touch.
      const cls = Float32Array.from({ length: channels }, (_, channel) => 100 + channel);
      const whole = Float32Array.of(...cls, ...floatsOfBase64(embedding));
      const result = interpolatePositionEmbedding(
        whole,
        { gridSize, embedDim: channels },
        { rows, columns },
        resampling,
      );
      const expected = floatsOfBase64(values);
      expect(result.subarray(0, channels)).toEqual(cls);
      // PyTorch evaluates coordinates and the cubic's outer taps in float32, where terms cancel: on the largest grid
      // its results in float32 and in float64 are 5e-6 apart, on the oblong ones up to 4.5e-6.
      const tolerance = longest > 30 ? 1e-5 : typeof gridSize === 'number' ? 4e-6 : 6e-6;
      expect(maxAbsDifference(result.subarray(channels), expected)).toBeLessThan(tolerance);
    },
  );
});
