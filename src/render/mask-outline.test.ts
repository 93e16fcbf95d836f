import { describe, expect, it } from 'vitest';
import { outlineLevel, outlinePatches, outlinePath, type Ring } from './mask-outline.ts';

const area = (ring: Ring): number => {
  let twice = 0;
  for (let i = 0; i < ring.length; i += 2) {
    const [x0 = 0, y0 = 0] = [ring[i], ring[i + 1]];
    const [x1 = 0, y1 = 0] = [ring[(i + 2) % ring.length], ring[(i + 3) % ring.length]];
    twice += x0 * y1 - x1 * y0;
  }
  return twice / 2;
};

describe('outlinePatches', () => {
  it('walks round one patch clockwise', () => {
    expect(outlinePatches(Uint8Array.of(0, 0, 0, 1), 2, 2)).toEqual([[1, 1, 2, 1, 2, 2, 1, 2]]);
  });

  it('merges edges in a line', () => {
    expect(outlinePatches(Uint8Array.of(1, 1, 1, 1, 1, 1), 2, 3)).toEqual([[0, 0, 3, 0, 3, 2, 0, 2]]);
  });

  it('gives a hole a ring of its own, the other way round', () => {
    const rings = outlinePatches(Uint8Array.of(1, 1, 1, 1, 0, 1, 1, 1, 1), 3, 3);
    expect(rings[0]).toEqual([0, 0, 3, 0, 3, 3, 0, 3]);
    expect(rings.map(area)).toEqual([9, -1]);
  });

  it('keeps patches apart that only touch at a corner', () => {
    const rings = outlinePatches(Uint8Array.of(1, 0, 0, 1), 2, 2);
    expect(rings).toEqual([
      [0, 0, 1, 0, 1, 1, 0, 1],
      [1, 1, 2, 1, 2, 2, 1, 2],
    ]);
  });

  it('encloses exactly as many patches as the mask has, whatever its form', () => {
    let seed = 7;
    const random = (): number => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    for (let round = 0; round < 50; round += 1) {
      const mask = Uint8Array.from({ length: 63 }, () => (random() < 0.5 ? 1 : 0));
      const enclosed = outlinePatches(mask, 7, 9).reduce((sum, ring) => sum + area(ring), 0);
      expect(enclosed).toBe(mask.reduce((sum, kept) => sum + kept, 0));
    }
  });
});

describe('outlineLevel', () => {
  it('crosses half way between two patches where the level is half way between their values', () => {
    const rings = outlineLevel({ height: 1, width: 2, values: Float32Array.of(0, 1) }, 0.5, 1);
    expect(rings).toHaveLength(1);
    const across = rings[0]?.filter((_, i) => i % 2 === 0) ?? [];
    expect([Math.min(...across), Math.max(...across)]).toEqual([1, 2]);
  });

  it('answers in patch coordinates whatever the factor', () => {
    const values = Float32Array.from({ length: 16 }, () => 1);
    const [ring = []] = outlineLevel({ height: 4, width: 4, values }, Number.NEGATIVE_INFINITY, 4);
    expect([Math.min(...ring), Math.max(...ring)]).toEqual([0, 1]);
  });

  it('has nothing to draw where nothing is kept', () => {
    const values = Float32Array.of(1, 1);
    expect(outlineLevel({ height: 1, width: 2, values }, Number.POSITIVE_INFINITY, 1)).toEqual([]);
  });
});

it('writes closed SVG paths', () => {
  expect(outlinePath([[0, 0, 1, 0, 1, 1, 0, 1]])).toBe('M0 0 1 0 1 1 0 1Z');
});
