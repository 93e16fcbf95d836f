import { describe, expect, test } from 'vitest';
import { seededRandom } from '../core/seeded-random.ts';
import { framePhotograph } from './framing.ts';

const photograph = (sidePx: number) => ({ shape: 'photograph', sidePx }) as const;
const square = (sidePx: number) => ({ shape: 'square', sidePx }) as const;

// The sizes of dinov2#378, at which a scale factor that is rounded gives one patch too few.
test.each([
  [14, [546, 602, 1092, 1204, 1610, 1722]],
  [16, [976, 1840, 1952]],
])('of patches of %d px every side has as many as fit it: %j', (patchSizePx, sides) => {
  for (const sidePx of sides) {
    const patches = sidePx / patchSizePx;
    const size = { height: sidePx, width: sidePx };
    expect(framePhotograph(size, square(sidePx), patchSizePx)).toMatchObject({
      rows: patches,
      columns: patches,
    });
    const half = { height: sidePx, width: 2 * sidePx };
    expect(framePhotograph(half, photograph(sidePx), patchSizePx)).toMatchObject({ columns: patches });
    const tall = { height: 2 * sidePx, width: sidePx };
    expect(framePhotograph(tall, photograph(sidePx), patchSizePx)).toMatchObject({ rows: patches });
  }
});

describe('a photograph in its own shape, by hand', () => {
  test.each([
    // The grid fits exactly: nothing is cut.
    [
      'landscape 3:2',
      300,
      200,
      240,
      8,
      { columns: 30, rows: 20 },
      { left: 0, top: 0, width: 300, height: 200 },
    ],
    [
      'portrait 2:3',
      200,
      300,
      240,
      8,
      { columns: 20, rows: 30 },
      { left: 0, top: 0, width: 200, height: 300 },
    ],
    ['square', 100, 100, 225, 16, { columns: 14, rows: 14 }, { left: 0, top: 0, width: 100, height: 100 }],
    ['tiny', 8, 8, 320, 8, { columns: 40, rows: 40 }, { left: 0, top: 0, width: 8, height: 8 }],
    [
      'panorama 10:1',
      2000,
      200,
      320,
      16,
      { columns: 20, rows: 2 },
      { left: 0, top: 0, width: 2000, height: 200 },
    ],
    // 27.3 rows become 27: at 0.8 they are 270 px of the 273.
    [
      'rounded down',
      400,
      273,
      320,
      8,
      { columns: 40, rows: 27 },
      { left: 0, top: 1.5, width: 400, height: 270 },
    ],
    // 27.7 rows become 28: at 224 / 277 the 320 px are 395.714 px of the 400.
    [
      'rounded up',
      400,
      277,
      320,
      8,
      { columns: 40, rows: 28 },
      { left: 15 / 7, top: 0, width: 400 - 30 / 7, height: 277 },
    ],
    // 27.5 rows become 28.
    [
      'half a patch',
      400,
      275,
      320,
      8,
      { columns: 40, rows: 28 },
      { left: 25 / 7, top: 0, width: 400 - 50 / 7, height: 275 },
    ],
    // 2.3 rows become 2: at 0.16 they are 200 px of the 230.
    [
      'panorama',
      2000,
      230,
      320,
      16,
      { columns: 20, rows: 2 },
      { left: 0, top: 15, width: 2000, height: 200 },
    ],
    // One row cannot be thinner: at 16 / 30 the 320 px are 600 px of the 3000.
    ['thread', 3000, 30, 320, 16, { columns: 20, rows: 1 }, { left: 1200, top: 0, width: 600, height: 30 }],
    [
      'a side below the patch',
      30,
      30,
      10,
      16,
      { columns: 1, rows: 1 },
      { left: 0, top: 0, width: 30, height: 30 },
    ],
  ])('%s: %i × %i at %i px, patch %i', (_, width, height, sidePx, patchPx, grid, box) => {
    const frame = framePhotograph({ height, width }, photograph(sidePx), patchPx);
    expect(frame).toMatchObject({
      ...grid,
      inputSizePx: { height: grid.rows * patchPx, width: grid.columns * patchPx },
      filter: 'bicubic',
    });
    for (const side of ['left', 'top', 'width', 'height'] as const)
      expect(frame.box[side]).toBeCloseTo(box[side], 9);
  });
});

describe('any photograph in its own shape', () => {
  const random = seededRandom(3);
  const cases = Array.from({ length: 1000 }, () => {
    const patchPx = random.pick([8, 14, 16]);
    return {
      photo: {
        height: 8 + random.below(random.pick([100, 5000])),
        width: 8 + random.below(random.pick([100, 5000])),
      },
      sidePx: patchPx + random.below(1000),
      patchPx,
    };
  }).map((each) => ({ ...each, frame: framePhotograph(each.photo, photograph(each.sidePx), each.patchPx) }));

  test('is seen in whole patches, the long side as many as fit', () => {
    for (const { frame, patchPx, sidePx } of cases) {
      expect(frame.inputSizePx).toEqual({ height: frame.rows * patchPx, width: frame.columns * patchPx });
      expect(Math.max(frame.rows, frame.columns)).toBe(Math.floor(sidePx / patchPx));
      expect(Math.min(frame.rows, frame.columns)).toBeGreaterThan(0);
    }
  });

  test('is not squashed: the part that is seen has the shape of the input', () => {
    for (const { frame } of cases) {
      const ratio =
        (frame.box.width * frame.inputSizePx.height) / (frame.box.height * frame.inputSizePx.width);
      expect(Math.abs(ratio - 1)).toBeLessThan(1e-9);
    }
  });

  test('is seen in its middle and nowhere beyond its edges', () => {
    for (const { frame, photo } of cases) {
      const { top, left, height, width } = frame.box;
      expect(Math.min(top, left)).toBeGreaterThanOrEqual(0);
      expect(top + height).toBeLessThanOrEqual(photo.height);
      expect(left + width).toBeLessThanOrEqual(photo.width);
      expect(top).toBeCloseTo(photo.height - top - height, 9);
      expect(left).toBeCloseTo(photo.width - left - width, 9);
    }
  });

  test('loses of one side at most 1 / 2n, n patches being on the short one, unless it is thinner than half a patch', () => {
    let threads = 0;
    for (const { frame, photo, sidePx, patchPx } of cases) {
      const lost = [1 - frame.box.height / photo.height, 1 - frame.box.width / photo.width];
      expect(Math.min(...lost)).toBeLessThan(1e-12);
      const { height, width } = photo;
      const exact = (Math.floor(sidePx / patchPx) * Math.min(height, width)) / Math.max(height, width);
      if (exact < 0.5) threads++;
      else expect(Math.max(...lost)).toBeLessThanOrEqual(0.5 / Math.min(frame.rows, frame.columns) + 1e-12);
    }
    expect(threads).toBeLessThan(500);
  });
});

describe('a photograph squashed as the official script does', () => {
  test.each([
    [640, 480, 480, 8, 60],
    [480, 640, 100, 16, 6],
    [20, 20, 5, 8, 1],
  ])('%i × %i at %i px, patch %i: %i patches a side', (width, height, sidePx, patchPx, patches) => {
    expect(framePhotograph({ height, width }, square(sidePx), patchPx)).toEqual({
      rows: patches,
      columns: patches,
      inputSizePx: { height: patches * patchPx, width: patches * patchPx },
      box: { top: 0, left: 0, height, width },
      filter: 'bilinear',
    });
  });
});
