import { describe, expect, it } from 'vitest';
import { upsampleSmooth } from './upsample.ts';

const grid = (height: number, width: number, values: readonly number[]) => ({
  height,
  width,
  values: Float32Array.from(values),
});

describe('upsampleSmooth', () => {
  it('has factor × factor samples a patch, rows and columns not confused', () => {
    const { height, width, values } = upsampleSmooth(grid(2, 3, [0, 1, 2, 3, 4, 5]), 4);
    expect([height, width, values.length]).toEqual([8, 12, 96]);
  });

  it('goes through the patches where a sample falls on a centre', () => {
    const values = [0, 3, 1, 5, 2, 4];
    const up = upsampleSmooth(grid(2, 3, values), 3);
    // With an odd factor the middle of a patch's 3 × 3 samples is its centre.
    const centres = [0, 1].flatMap((row) =>
      [0, 1, 2].map((column) => up.values[(3 * row + 1) * 9 + 3 * column + 1]),
    );
    expect(centres).toEqual(values);
  });

  it('weighs four neighbours by Catmull-Rom between the centres', () => {
    // t = 1/4 past the second of 0 0 1 1, by hand: (-3 t³ + 4 t² + t) / 2 + (t³ - t²) / 2 = 29/128 - 3/128.
    const up = upsampleSmooth(grid(1, 4, [0, 0, 1, 1]), 2);
    expect(up.values[3]).toBeCloseTo(26 / 128, 7);
    expect(up.values[4]).toBeCloseTo(1 - 26 / 128, 7);
  });

  it('stays inside the range of the map', () => {
    const up = upsampleSmooth(grid(1, 4, [0, 0, 1, 0]), 8);
    expect(Math.min(...up.values)).toBe(0);
    expect(Math.max(...up.values)).toBeLessThanOrEqual(1);
  });

  it('is the same for a map and its transpose', () => {
    const across = upsampleSmooth(grid(2, 3, [0, 3, 1, 5, 2, 4]), 2);
    const down = upsampleSmooth(grid(3, 2, [0, 5, 3, 2, 1, 4]), 2);
    for (let y = 0; y < 4; y += 1) {
      for (let x = 0; x < 6; x += 1)
        expect(down.values[x * 4 + y]).toBeCloseTo(across.values[y * 6 + x] ?? NaN, 6);
    }
  });

  it('serves a map of a single patch', () => {
    expect([...upsampleSmooth(grid(1, 1, [0.5]), 2).values]).toEqual([0.5, 0.5, 0.5, 0.5]);
  });
});
