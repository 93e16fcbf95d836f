import { describe, expect, it } from 'vitest';
import type { Box, Size } from '../core/geometry.ts';
import { layOutPair, placeOn, savedPairSize } from './pair.ts';

const size = (width: number, height: number): Size => ({ width, height });
const right = ({ left, width }: Box): number => left + width;
const bottom = ({ top, height }: Box): number => top + height;

describe('two photographs on a surface', () => {
  it.each<[string, Size, Size, Size, boolean]>([
    ['two landscapes on a wide one', size(1000, 400), size(300, 200), size(600, 400), true],
    ['two landscapes on a tall one', size(400, 1000), size(300, 200), size(600, 400), false],
    ['two portraits on a square', size(500, 500), size(200, 300), size(200, 300), true],
    ['two panoramas on a square', size(500, 500), size(900, 300), size(600, 300), false],
  ])('%s', (_, surface, first, second, isBeside) => {
    const places = layOutPair(surface, first, second, 10);
    const [a, b] = [places.first, places.second];
    expect(a.width / a.height).toBeCloseTo(first.width / first.height, 9);
    expect(b.width / b.height).toBeCloseTo(second.width / second.height, 9);
    if (isBeside) {
      expect(b.height).toBeCloseTo(a.height, 9);
      expect(b.left - right(a)).toBeCloseTo(10, 9);
    } else {
      expect(b.width).toBeCloseTo(a.width, 9);
      expect(b.top - bottom(a)).toBeCloseTo(10, 9);
    }
    // Together in the middle, and as large as the surface lets them be.
    expect(a.left).toBeCloseTo(surface.width - right(b), 9);
    expect(a.top).toBeCloseTo(surface.height - bottom(b), 9);
    expect(Math.min(a.left, a.top)).toBeCloseTo(0, 9);
  });

  it('are saved in their own resolution, without a margin', () => {
    const [first, second] = [size(300, 200), size(600, 400)];
    const { gap, ...saved } = savedPairSize(first, second, 4096);
    const places = layOutPair(saved, first, second, gap);
    // One above the other: nearer to a square than 3 : 1.
    expect(saved).toEqual({ width: 600, height: 800 + gap });
    expect(places.first).toEqual({ left: 0, top: 0, width: 600, height: 400 });
    expect(places.second).toEqual({ left: 0, top: 400 + gap, width: 600, height: 400 });
  });

  it('are saved smaller where a side would be too long', () => {
    const saved = savedPairSize(size(3000, 4000), size(4000, 6000), 4096);
    expect(Math.max(saved.width, saved.height)).toBeLessThanOrEqual(4096);
    expect(Math.max(saved.width, saved.height)).toBeGreaterThan(4000);
  });

  it('have places of their own px', () => {
    expect(
      placeOn({ x: 150, y: 50 }, size(300, 200), { left: 10, top: 20, width: 600, height: 400 }),
    ).toEqual({
      x: 310,
      y: 120,
    });
  });
});
