import { describe, expect, test } from 'vitest';
import { seededRandom } from '../core/seeded-random.ts';
import { framePhotograph } from './framing.ts';

const photograph = (sidePx: number) => ({ shape: 'photograph', sidePx }) as const;
const square = (sidePx: number) => ({ shape: 'square', sidePx }) as const;

// The sizes of dinov2#378, where a rounded scale factor gives one patch too few.
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
    // 13.494 rows: as 13 they lose 0.494 / 13.494 of the height, as 14 only 0.506 / 14 of the width. 20 × 20 px of 8 are 400 of the 415.
    [
      'rounded up below the half',
      415,
      280,
      160,
      8,
      { columns: 20, rows: 14 },
      { left: 7.5, top: 0, width: 400, height: 280 },
    ],
    // 2.3 rows would lose 30 of the 230 px as 2, and 467 of the 2000 as 3. 3 rows need 26.09 columns: 26 lose 7 px of the width.
    [
      'panorama',
      2000,
      230,
      320,
      16,
      { columns: 26, rows: 3 },
      { left: 10 / 3, top: 0, width: 2000 - 20 / 3, height: 230 },
    ],
    // 1.5 rows would lose a quarter of the width as 2. 2 rows need 26.67 columns: 27 lose 4 px of the height.
    [
      'the panorama of the issue',
      4000,
      300,
      320,
      16,
      { columns: 27, rows: 2 },
      { left: 0, top: 50 / 27, width: 4000, height: 300 - 100 / 27 },
    ],
    // Less than one row is impossible, so the input gets longer.
    ['thread', 3000, 30, 320, 16, { columns: 100, rows: 1 }, { left: 0, top: 0, width: 3000, height: 30 }],
    // A longer input would have more than 20 × 20 patches: at 16 / 3 the 320 px are 60 px of the 3000.
    ['hair', 3000, 3, 320, 16, { columns: 20, rows: 1 }, { left: 1470, top: 0, width: 60, height: 3 }],
    // 1.33 rows would lose a quarter as 1, a third as 2; 2 rows need 3 columns, which are more patches than 2 × 2.
    ['few patches', 300, 200, 32, 16, { columns: 2, rows: 1 }, { left: 0, top: 25, width: 300, height: 150 }],
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

  /** The two losses with the requested number of patches on the long side, and the short side rounded down or up. */
  const lossesAsAsked = ({ photo, sidePx, patchPx }: (typeof cases)[number]): number[] => {
    const [long, short] = [Math.max(photo.height, photo.width), Math.min(photo.height, photo.width)];
    const asked = Math.floor(sidePx / patchPx);
    const exact = (asked * short) / long;
    const down = Math.max(1, Math.floor(exact));
    return [
      down <= exact ? (exact - down) / exact : 1 - exact / down,
      1 - exact / Math.max(1, Math.ceil(exact)),
    ];
  };

  test('is seen in whole patches, the long side as many as were asked for unless much would be lost', () => {
    let longer = 0;
    for (const each of cases) {
      const { frame, patchPx, sidePx } = each;
      expect(frame.inputSizePx).toEqual({ height: frame.rows * patchPx, width: frame.columns * patchPx });
      expect(Math.min(frame.rows, frame.columns)).toBeGreaterThan(0);
      const asked = Math.floor(sidePx / patchPx);
      const long = Math.max(frame.rows, frame.columns);
      if (long === asked) continue;
      longer++;
      expect(long).toBeGreaterThan(asked);
      expect(Math.min(...lossesAsAsked(each))).toBeGreaterThan(1 / 8);
      expect(frame.rows * frame.columns).toBeLessThanOrEqual(asked * asked);
    }
    expect(longer).toBeGreaterThan(50);
    expect(longer).toBeLessThan(500);
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

  test('loses of one side no more than by either rounding, and little where the short side has four patches', () => {
    for (const each of cases) {
      const { frame, photo } = each;
      const lost = [1 - frame.box.height / photo.height, 1 - frame.box.width / photo.width];
      expect(Math.min(...lost)).toBeLessThan(1e-12);
      expect(Math.max(...lost)).toBeLessThanOrEqual(Math.min(...lossesAsAsked(each)) + 1e-12);
      if (Math.min(frame.rows, frame.columns) >= 4) expect(Math.max(...lost)).toBeLessThan(1 / 8);
    }
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
      cells: { top: 0, left: 0, height, width },
      filter: 'bilinear',
    });
  });
});

describe('patches that overlap', () => {
  test('by hand: as many as the stride fits into the input, in cells around their middles', () => {
    // 30 × 20 patches of 8 px with a stride of 4 px. Of the input of 240 × 160 px 2 px at each edge are in no cell.
    const frame = framePhotograph({ height: 200, width: 300 }, { ...photograph(240), overlap: 2 }, 8);
    expect(frame).toMatchObject({
      rows: 39,
      columns: 59,
      inputSizePx: { height: 160, width: 240 },
      box: { top: 0, left: 0, height: 200, width: 300 },
    });
    const { top, left, height, width } = frame.cells;
    for (const [actual, expected] of [
      [top, 2.5],
      [left, 2.5],
      [height, 195],
      [width, 295],
    ] as const)
      expect(actual).toBeCloseTo(expected, 9);
  });

  test.each([
    [640, 427, 320, 16, 2],
    [427, 640, 320, 16, 4],
    [333, 500, 224, 14, 2],
    [4000, 300, 320, 8, 4],
  ] as const)('%i × %i at %i px, patch %i, overlap %i: each cell lies around its patch', (...of) => {
    const [width, height, sidePx, patchPx, overlap] = of;
    for (const options of [photograph(sidePx), square(sidePx)]) {
      const alone = framePhotograph({ height, width }, options, patchPx);
      const frame = framePhotograph({ height, width }, { ...options, overlap }, patchPx);
      const { rows, columns, cells, box, inputSizePx } = frame;
      expect({ box, inputSizePx }).toEqual({ box: alone.box, inputSizePx: alone.inputSizePx });
      expect(alone.cells).toEqual(alone.box);
      const stride = patchPx / overlap;
      expect((rows - 1) * stride + patchPx).toBe(inputSizePx.height);
      expect((columns - 1) * stride + patchPx).toBe(inputSizePx.width);
      for (const row of [0, 1, rows - 1]) {
        const middleOfPatch = box.top + ((row * stride + patchPx / 2) * box.height) / inputSizePx.height;
        expect(cells.top + ((row + 0.5) * cells.height) / rows).toBeCloseTo(middleOfPatch, 9);
      }
      for (const column of [0, columns - 1]) {
        const middleOfPatch = box.left + ((column * stride + patchPx / 2) * box.width) / inputSizePx.width;
        expect(cells.left + ((column + 0.5) * cells.width) / columns).toBeCloseTo(middleOfPatch, 9);
      }
    }
  });

  test('a stride that is not whole px is refused', () => {
    expect(() => framePhotograph({ height: 9, width: 9 }, { ...square(28), overlap: 4 }, 14)).toThrow(
      '14 / 4 px',
    );
  });
});
