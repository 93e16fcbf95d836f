import { expect, test } from 'vitest';
import type { Frame } from '../core/frame.ts';
import { drawTheSame, type Layer } from './layers.ts';

const frame: Frame = {
  rows: 1,
  columns: 2,
  box: { top: 0, left: 0, height: 8, width: 16 },
  photoSizePx: { height: 8, width: 16 },
  inputSizePx: { height: 8, width: 16 },
};
const map = Float32Array.of(1, 2);

const masks = (change: object = {}): Layer[] => [
  {
    kind: 'masks',
    frame: { ...frame },
    masks: [{ map, colour: [1, 2, 3] }],
    share: 0.6,
    smooth: true,
    opacity: 1,
    contour: true,
    ...change,
  },
];

test('layers that were made anew from the same maps draw the same', () => {
  expect(drawTheSame(masks(), masks())).toBe(true);
  expect(drawTheSame([], [])).toBe(true);
});

test.each([
  ['a number', { share: 0.5 }],
  ['a map, even an equal one', { masks: [{ map: Float32Array.of(1, 2), colour: [1, 2, 3] }] }],
  ['a colour', { masks: [{ map, colour: [1, 2, 4] }] }],
  ['their number', { masks: [] }],
])('%s makes a difference', (_, change) => {
  expect(drawTheSame(masks(), masks(change))).toBe(false);
});

test('a layer more makes a difference', () => {
  expect(drawTheSame(masks(), [...masks(), { kind: 'mark', frame, patch: { row: 0, column: 0 } }])).toBe(
    false,
  );
});
