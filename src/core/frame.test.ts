import { expect, test } from 'vitest';
import { seenBoxOf, unseenShare } from './frame.ts';

const photoSizePx = { height: 100, width: 200 };
const seenBox = { top: 0, left: 10, height: 100, width: 180 };
const box = { top: 2, left: 12, height: 96, width: 176 };

test('what the network saw is what the patches cover, which reach beyond their cells where they overlap', () => {
  expect(seenBoxOf({ box: seenBox })).toEqual(seenBox);
  expect(seenBoxOf({ box, seenBox })).toEqual(seenBox);
  expect(unseenShare({ box: seenBox, photoSizePx })).toBeCloseTo(0.1, 12);
  expect(unseenShare({ box, seenBox, photoSizePx })).toBeCloseTo(0.1, 12);
});
