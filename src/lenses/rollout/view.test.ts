import { expect, test } from 'vitest';
import { sharedDrawing } from '../../render/shared-drawing.ts';
import { frameOfGrid, passFacts } from '../../testing/looks.ts';
import { rolloutContract } from './contract.ts';
import { rolloutView } from './view.tsx';

const frame = frameOfGrid(1, 4);
const result = {
  query: { token: 0, patch: null },
  depth: 2,
  rows: 1,
  columns: 4,
  map: Float32Array.of(0.1, 0.4, 0.3, 0.1),
  specialShares: Float32Array.of(0.1),
};

test('the mask by mass is handed on where it is drawn', () => {
  const { params, drawing } = rolloutContract;
  const found = (style: 'heat' | 'mask') =>
    rolloutView.found?.({
      looked: { passes: [passFacts(frame)], result },
      params: params.defaults,
      drawing: { ...drawing.defaults, style, mass: 70 },
      shared: sharedDrawing.defaults,
    });
  expect(found('heat')).toEqual([]);
  // 70 % of 0.9 are the two largest values.
  expect(found('mask')).toEqual([
    {
      title: 'Rollout',
      grid: frame,
      values: Uint8Array.of(0, 1, 1, 0),
      box: { top: 0, left: 30, height: 60, width: 60 },
    },
  ]);
});
