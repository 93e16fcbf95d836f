import { expect, test } from 'vitest';
import { layOutSheet, type Sheet } from './sheet.ts';

const sheetOf = (rows: number, columns: number): Sheet => ({
  columnTitles: Array.from({ length: columns }, (_, column) => String(column)),
  rows: Array.from({ length: rows }, (_, row) => ({ title: String(row), cells: [] })),
});

test.each([
  [12, 7, 1000, 600, 1.5],
  [12, 13, 390, 500, 1.5],
  [2, 3, 800, 800, 0.5],
  [24, 17, 1200, 300, 20],
])(
  '%i × %i cells on %i × %i px stay on the surface, keep their aspect and do not overlap',
  (rows, columns, width, height, aspect) => {
    const { cells } = layOutSheet(sheetOf(rows, columns), { width, height }, aspect, 12);
    expect(cells).toHaveLength(rows);
    const all = cells.flat();
    expect(all).toHaveLength(rows * columns);
    for (const box of all) {
      expect(box.left).toBeGreaterThanOrEqual(0);
      expect(box.top).toBeGreaterThanOrEqual(0);
      expect(box.left + box.width).toBeLessThanOrEqual(width + 0.01);
      expect(box.top + box.height).toBeLessThanOrEqual(height + 0.01);
      expect(box.width / box.height).toBeCloseTo(aspect, 5);
    }
    const [first, second] = cells[0] ?? [];
    const below = cells[1]?.[0];
    expect((first?.left ?? 0) + (first?.width ?? 0)).toBeLessThan(second?.left ?? 0);
    expect((first?.top ?? 0) + (first?.height ?? 0)).toBeLessThan(below?.top ?? 0);
  },
);

test('cells are as large as one of the two sides lets them be', () => {
  const { cells } = layOutSheet(sheetOf(2, 2), { width: 500, height: 2000 }, 1, 10);
  const last = cells[1]?.[1];
  expect((last?.left ?? 0) + (last?.width ?? 0)).toBeGreaterThan(470);
});

test('titles are no larger than their cells', () => {
  const sheet = { ...sheetOf(8, 7), columnTitles: ['mean', '1', '2', '3', '4', '5', '6'] };
  const { fontPx, cells } = layOutSheet(sheet, { width: 600, height: 300 }, 1.4, 30);
  const { width = 0, height = 0 } = cells[0]?.[0] ?? {};
  expect(fontPx).toBeLessThan(30);
  expect(4 * 0.6 * fontPx).toBeLessThan(1.1 * width);
  expect(fontPx).toBeLessThan(1.1 * height);
  expect(layOutSheet(sheet, { width: 3000, height: 2000 }, 1.4, 30).fontPx).toBe(30);
});
