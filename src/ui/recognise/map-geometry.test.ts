import { expect, test } from 'vitest';
import {
  isInside,
  nearestOnMap,
  nextTowards,
  pan,
  placeOf,
  toCanvas,
  toMap,
  wholeMap,
  zoomAt,
} from './map-geometry.ts';

const size = { width: 400, height: 200 };
/** Right, up, left, down, in the middle, and one that failed. */
const places = Float32Array.of(1, 0, 0, 1, -1, 0, 0, -1, 0, 0, NaN, NaN);
const all = [0, 1, 2, 3, 4, 5];

test('the whole map lies in the middle of the canvas, up is up, and there is room at the edge', () => {
  expect(toCanvas({ x: 0, y: 0 }, wholeMap, size)).toEqual({ x: 200, y: 100 });
  expect(toCanvas({ x: 1, y: 0 }, wholeMap, size)).toEqual({ x: 290, y: 100 });
  expect(toCanvas({ x: 0, y: 1 }, wholeMap, size)).toEqual({ x: 200, y: 10 });
  const back = toMap({ x: 290, y: 10 }, wholeMap, size);
  expect(back.x).toBeCloseTo(1);
  expect(back.y).toBeCloseTo(1);
});

test('what is under the pointer stays there while the map grows, and it is never smaller than the whole', () => {
  const pointer = { x: 250, y: 60 };
  const before = toMap(pointer, wholeMap, size);
  const zoomed = zoomAt(wholeMap, 2, pointer, size);
  expect(zoomed.zoom).toBe(2);
  const after = toMap(pointer, zoomed, size);
  expect(after.x).toBeCloseTo(before.x);
  expect(after.y).toBeCloseTo(before.y);
  expect(zoomAt(wholeMap, 0.1, pointer, size).zoom).toBe(1);
});

test('the map is drawn along with the pointer, and never out of sight', () => {
  const moved = pan({ x: 0, y: 0, zoom: 1 }, { x: 9, y: 18 }, size);
  expect(moved.x).toBeCloseTo(-0.1);
  expect(moved.y).toBeCloseTo(0.2);
  expect(pan(wholeMap, { x: -9000, y: 0 }, size).x).toBe(1);
});

test('a photograph that failed has no place', () => {
  expect(placeOf(places, 5)).toBeNull();
  expect(placeOf(places, 1)).toEqual({ x: 0, y: 1 });
});

test('inside a line that is drawn round, also where it is no convex one', () => {
  const letterU = [
    { x: 0, y: 0 },
    { x: 3, y: 0 },
    { x: 3, y: 3 },
    { x: 2, y: 3 },
    { x: 2, y: 1 },
    { x: 1, y: 1 },
    { x: 1, y: 3 },
    { x: 0, y: 3 },
  ];
  expect(isInside({ x: 0.5, y: 2 }, letterU)).toBe(true);
  expect(isInside({ x: 2.5, y: 2 }, letterU)).toBe(true);
  expect(isInside({ x: 1.5, y: 2 }, letterU)).toBe(false);
  expect(isInside({ x: 4, y: 2 }, letterU)).toBe(false);
  expect(isInside({ x: 4, y: 2 }, [])).toBe(false);
});

test('arrow keys go to the nearest photograph in their direction', () => {
  const middle = { x: 0, y: 0 };
  expect(nextTowards(places, all, middle, { x: 1, y: 0 })).toBe(0);
  expect(nextTowards(places, all, middle, { x: 0, y: 1 })).toBe(1);
  expect(nextTowards(places, all, middle, { x: -1, y: 0 })).toBe(2);
  expect(nextTowards(places, all, { x: 1, y: 0 }, { x: 1, y: 0 })).toBeNull();
  expect(nextTowards(places, all, { x: 1, y: 0 }, { x: -1, y: 0 })).toBe(4);
});

test('the nearest on the map come in their order', () => {
  expect(nearestOnMap(places, all, { x: 0.9, y: 0.1 }, 2)).toEqual([0, 4]);
});
