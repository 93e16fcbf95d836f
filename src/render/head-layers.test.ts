import { describe, expect, test } from 'vitest';
import { headMapsOf, meanMapOf } from '../attention/head-maps.ts';
import type { Frame } from '../core/frame.ts';
import { headColours } from './head-colours.ts';
import { colourOfHead, headLayers, headWithin, mapOf, showsMask, type HeadDrawing } from './head-layers.ts';
import { drawTheSame } from './layers.ts';
import type { SharedDrawing } from './shared-drawing.ts';

const frame: Frame = {
  rows: 1,
  columns: 2,
  box: { top: 0, left: 0, height: 8, width: 16 },
  photoSizePx: { height: 8, width: 16 },
  inputSizePx: { height: 8, width: 16 },
};
const heads = { numHeads: 3, rows: 1, columns: 2, maps: Float32Array.of(0.5, 0.25, 0.1, 0.2, 0.6, 0.3) };
const shared: SharedDrawing = { colours: 'viridis', opacityPercent: 75 };

const drawing = (change: Partial<HeadDrawing> = {}): HeadDrawing => ({
  view: 'all',
  hidden: [],
  style: 'heat',
  mass: 60,
  smooth: true,
  contour: true,
  heatContour: false,
  ...change,
});
const layersOf = (change: Partial<HeadDrawing>) => headLayers(frame, heads, drawing(change), shared);

test.each([
  [4, 11, 'all'],
  [4, 4, 'all'],
  [4, 3, 3],
  [12, 11, 11],
  [4, 'mean', 'mean'],
  [4, 'all', 'all'],
] as const)('a result of %i heads with view %s shows %s', (numHeads, view, shown) => {
  expect(headWithin(view, { numHeads })).toBe(shown);
});

test('a head has one colour wherever it is named, the mean is white', () => {
  expect([0, 1, 2].map((head) => colourOfHead(head, 3))).toEqual(headColours(3));
  expect(colourOfHead('mean', 3)).toEqual([255, 255, 255]);
});

test.each<[Partial<HeadDrawing>, boolean]>([
  [{ view: 'all', style: 'heat' }, true],
  [{ view: 'mean', style: 'heat' }, false],
  [{ view: 2, style: 'heat', heatContour: true }, true],
  [{ view: 2, style: 'heat', contour: true }, false],
  [{ view: 2, style: 'mask', contour: false }, true],
])('with %o the share of attention is to be seen: %s', (change, shows) => {
  expect(showsMask(drawing(change))).toBe(shows);
});

describe('all heads', () => {
  test('are one layer of masks, each in its colour', () => {
    const colours = headColours(3);
    expect(layersOf({ mass: 45, smooth: false, contour: false })).toEqual([
      {
        kind: 'masks',
        frame,
        masks: headMapsOf(heads).map((map, head) => ({ map, head, colour: colours[head] })),
        share: 0.45,
        smooth: false,
        opacity: 0.75,
        contour: false,
      },
    ]);
  });

  test('are so too where a head was chosen that this network has not', () => {
    expect(layersOf({ view: 3 })).toEqual(layersOf({ view: 'all' }));
  });

  test('without some of them leave the others in their colours', () => {
    const [layer] = layersOf({ hidden: [0, 2, 9] });
    if (layer?.kind !== 'masks') expect.unreachable('masks are drawn');
    expect(layer.masks.map(({ colour }) => colour)).toEqual([headColours(3)[1]]);
    expect(layer.masks[0]?.map).toBe(headMapsOf(heads)[1]);
  });
});

describe('one head, or the mean', () => {
  const outline = (head: number) => ({
    kind: 'outline',
    frame,
    map: headMapsOf(heads)[head],
    share: 0.6,
    smooth: true,
    colour: headColours(3)[head],
  });
  const heat = (map: Float32Array | undefined) => ({
    kind: 'scalar',
    frame,
    map,
    colours: 'viridis',
    range: null,
    smooth: true,
    opacity: 0.75,
  });
  const veil = { kind: 'veil', frame, map: headMapsOf(heads)[1], share: 0.6, smooth: true, opacity: 0.75 };

  test('is a heat map over its own range', () => {
    expect(layersOf({ view: 1 })).toEqual([heat(headMapsOf(heads)[1])]);
    expect(layersOf({ view: 'mean' })).toEqual([heat(meanMapOf(heads))]);
  });

  test('has the edge of its mask on the heat map where somebody wants it, whatever the masks have', () => {
    expect(layersOf({ view: 1, heatContour: true, contour: false })).toEqual([
      heat(headMapsOf(heads)[1]),
      outline(1),
    ]);
  });

  test('is a mask with a line around it, or without', () => {
    expect(layersOf({ view: 1, style: 'mask' })).toEqual([veil, outline(1)]);
    expect(layersOf({ view: 1, style: 'mask', contour: false, heatContour: true })).toEqual([veil]);
  });

  test('is drawn though it is hidden among all', () => {
    expect(layersOf({ view: 1, hidden: [1] })).toEqual([heat(headMapsOf(heads)[1])]);
  });
});

test('the same result gives the same maps each time, by which drawing remembers', () => {
  for (const head of [0, 2, 'mean'] as const) expect(mapOf({ ...heads }, head)).toBe(mapOf(heads, head));
  for (const view of ['all', 'mean', 1] as const)
    expect(drawTheSame(layersOf({ view }), layersOf({ view }))).toBe(true);
});
