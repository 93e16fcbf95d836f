import { expect, test } from 'vitest';
import { finerGrid, overlapsFor, usableOverlap } from './overlap.ts';

test.each([
  [8, [1, 2, 4]],
  [16, [1, 2, 4]],
  [14, [1, 2]],
  [7, [1]],
])('patches of %d px can overlap by %j', (patchSizePx, expected) => {
  expect(overlapsFor(patchSizePx)).toEqual(expected);
});

test.each([
  [4, 16, 4],
  [4, 14, 2],
  [4, 7, 1],
  [2, 7, 1],
  [1, 16, 1],
] as const)('an overlap of %d with patches of %d px is %d', (wanted, patchSizePx, expected) => {
  expect(usableOverlap(wanted, patchSizePx)).toBe(expected);
});

test('the grid of dino-vit-features: 224 px, patches of 8 px, a stride of 4 px make 55 × 55', () => {
  expect(finerGrid({ rows: 28, columns: 28 }, 2)).toEqual({ rows: 55, columns: 55 });
});
