import { expect, test } from 'vitest';
import type { FoundMask } from '../core/found-mask.ts';
import { countCells } from './fit.ts';
import { scoreFound } from './score-found.ts';

const photoSizePx = { height: 2, width: 4 };
const box = { top: 0, left: 0, ...photoSizePx };
/** The left half. */
const truth = { ...photoSizePx, count: 1, labels: Uint8Array.of(1, 1, 0, 0, 1, 1, 0, 0) };
const trueBoxes = [{ top: 0, left: 0, height: 2, width: 2 }];

const found = (title: string, values: number[], claimed: FoundMask['box']): FoundMask => ({
  title,
  grid: { rows: 1, columns: values.length, box, photoSizePx },
  values,
  box: claimed,
});

test('the first mask and the best one are told, also of masks on grids of their own', () => {
  const masks = [
    found('Head 1', [1, 1], box),
    found('Head 2', [1, 1, 0, 0], { top: 0, left: 0, height: 2, width: 2 }),
    found('Head 3', [0, 0], null),
  ];
  expect(scoreFound(masks, ({ grid }) => countCells(truth, grid), trueBoxes)).toEqual({
    masks: 3,
    first: { title: 'Head 1', jaccard: 0.5, overlap: 0.5 },
    best: { title: 'Head 2', jaccard: 1, overlap: 1 },
  });
});

test('nothing is told while counts are missing, and where no mask is shown', () => {
  expect(scoreFound([found('Head 1', [1, 1], box)], () => null, trueBoxes)).toBeNull();
  expect(scoreFound([], () => null, trueBoxes)).toBeNull();
});
