import { describe, expect, test } from 'vitest';
import { placeLabels, type PlotBox, type WantedLabel } from './place-labels.ts';

const box: PlotBox = { left: 100, top: 10, right: 400, bottom: 110 };

describe('labels of a plot', () => {
  test('alone: in the first row, on the right of its line, or on the left near the right end', () => {
    expect(placeLabels([{ x: 150, width: 80 }], box, 20, 4, [])).toEqual([{ isRight: true, top: 10 }]);
    expect(placeLabels([{ x: 390, width: 80 }], box, 20, 4, [])).toEqual([{ isRight: false, top: 10 }]);
  });

  test('lie neither over each other nor over what is there, however close their lines are', () => {
    const taken = { left: 320, top: 12, right: 400, bottom: 32 };
    const labels: WantedLabel[] = [120, 122, 124, 200, 300, 310, 320, 395].map((x) => ({ x, width: 90 }));
    const placed = placeLabels(labels, box, 20, 4, [taken]);
    const boxes = placed.flatMap((place, at) => {
      const label = labels[at];
      if (place === null || label === undefined) return [];
      const left = place.isRight ? label.x + 4 : label.x - 4 - label.width;
      return [{ left, right: left + label.width, top: place.top, bottom: place.top + 20 }];
    });
    expect(boxes.length).toBeGreaterThanOrEqual(7);
    for (const [at, a] of boxes.entries()) {
      expect(a.left).toBeGreaterThanOrEqual(box.left);
      expect(a.right).toBeLessThanOrEqual(box.right);
      expect(a.bottom).toBeLessThanOrEqual(box.bottom);
      for (const b of [taken, ...boxes.slice(0, at)])
        expect(a.left >= b.right || b.left >= a.right || a.top >= b.bottom || b.top >= a.bottom).toBe(true);
    }
  });

  test('without room there is none', () => {
    const many = Array.from({ length: 12 }, () => ({ x: 200, width: 80 }));
    expect(placeLabels(many, box, 20, 4, []).filter((place) => place !== null)).toHaveLength(10);
    expect(placeLabels([{ x: 200, width: 400 }], box, 20, 4, [])).toEqual([null]);
  });
});
