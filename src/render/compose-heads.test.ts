import { describe, expect, it } from 'vitest';
import { composeHeads, type HeadLayer } from './compose-heads.ts';

const layer = (
  values: readonly number[],
  colour: HeadLayer['colour'],
  mask: HeadLayer['mask'],
): HeadLayer => ({
  grid: { height: 1, width: values.length, values: Float32Array.from(values) },
  min: 0,
  max: 1,
  colour,
  mask,
});

describe('composeHeads', () => {
  it('leaves the photograph alone where no head looks and glows with the attention', () => {
    const { rgba } = composeHeads([layer([0.1, 0.25, 1], [200, 0, 40], Uint8Array.of(0, 1, 1))]);
    // Alpha by hand: 255 · (0.55 + 0.45 · √0.25) = 197.6 and 255.
    expect([...rgba]).toEqual([0, 0, 0, 0, 200, 0, 40, 198, 200, 0, 40, 255]);
  });

  it('mixes overlapping heads in proportion to their attention', () => {
    const { rgba } = composeHeads([
      layer([0.75], [200, 0, 0], Uint8Array.of(1)),
      layer([0.25], [0, 0, 200], Uint8Array.of(1)),
    ]);
    // Weights .751 and .251: 200 · .751 / 1.002 = 149.9 and 50.1; the stronger head gives the alpha, 255 · (0.55 + 0.45 · √0.75) = 239.6.
    expect([...rgba]).toEqual([150, 0, 50, 240]);
  });

  it('takes a level instead of a mask, for grids that have been interpolated', () => {
    const { rgba } = composeHeads([layer([0.5, 0.6], [9, 9, 9], { level: 0.5 })]);
    expect([rgba[3], rgba[7]]).toEqual([0, 229]);
  });

  it('refuses heads of different shapes', () => {
    const one = layer([1], [0, 0, 0], { level: 0 });
    const two = layer([1, 1], [0, 0, 0], { level: 0 });
    expect(() => composeHeads([one, two])).toThrow('[1, 2] against [1, 1]');
  });
});
