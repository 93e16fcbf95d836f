import { expect, it } from 'vitest';
import type { Rgb } from './colour-maps.ts';
import { composeMasks, divideMasks, type MaskPart } from './compose-masks.ts';

const red: Rgb = [255, 0, 0];
const blue: Rgb = [0, 0, 255];

const part = (values: readonly number[], level: number, max: number, colour: Rgb): MaskPart => ({
  grid: { height: 1, width: values.length, values: Float32Array.from(values) },
  level,
  max,
  colour,
});

const compose = (...parts: MaskPart[]) => composeMasks(parts, divideMasks(parts));

const pixel = (rgba: Uint8ClampedArray, at: number): number[] => [...rgba.subarray(4 * at, 4 * at + 4)];

it('draws a mask in its colour, its strongest place without transparency, and nothing outside', () => {
  const { rgba } = compose(part([0.1, 0.2, 0.6], 0.15, 0.6, red));
  expect(pixel(rgba, 0)).toEqual([0, 0, 0, 0]);
  expect(pixel(rgba, 1).slice(0, 3)).toEqual([255, 0, 0]);
  expect(pixel(rgba, 2)).toEqual([255, 0, 0, 255]);
});

it('gives a place to the head that looks at it most, by its own measure', () => {
  // Both keep both places. The first is at 1 of its way and at 0.25; the second at 0.5 and at 1.
  const { rgba } = compose(part([0.9, 0.3], 0.1, 0.9, red), part([0.02, 0.03], 0.01, 0.03, blue));
  expect(pixel(rgba, 0).slice(0, 3)).toEqual([255, 0, 0]);
  expect(pixel(rgba, 1).slice(0, 3)).toEqual([0, 0, 255]);
});

it('a place that only one keeps is that one’s', () => {
  const { rgba } = compose(part([0.5, 0], 0.1, 0.5, red), part([0, 0.5], 0.1, 0.5, blue));
  expect(pixel(rgba, 0).slice(0, 3)).toEqual([255, 0, 0]);
  expect(pixel(rgba, 1).slice(0, 3)).toEqual([0, 0, 255]);
});

it('a place at which two heads look most of all is the first one’s, and no hole', () => {
  const { rgba } = compose(part([0.9, 0.2], 0.1, 0.9, red), part([0.03, 0.02], 0.01, 0.03, blue));
  expect(pixel(rgba, 0)).toEqual([255, 0, 0, 255]);
  expect(pixel(rgba, 1).slice(0, 3)).toEqual([0, 0, 255]);
});

it('edges of neighbours meet where both look as much', () => {
  const [first, second] = divideMasks([part([0.4], 0.1, 0.7, red), part([0.6], 0.2, 1, blue)]);
  expect(first?.[0]).toBeCloseTo(0);
  expect(second?.[0]).toBeCloseTo(0);
});

it('keeps all of a map that is kept whole, and nothing of one that keeps nothing', () => {
  const { rgba } = compose(part([0.5, 0.5], -Infinity, 0.5, red));
  expect([pixel(rgba, 0)[0], pixel(rgba, 1)[0]]).toEqual([255, 255]);
  const none = compose(part([0.5, 0.5], Infinity, 0.5, red));
  expect(pixel(none.rgba, 0)).toEqual([0, 0, 0, 0]);
});

it('believes the mask where the level does not tell equal patches apart', () => {
  const whole = { ...part([0.5, 0.5, 0.8], 0.5, 0.8, red), kept: Uint8Array.of(0, 1, 1) };
  const { rgba } = compose(whole);
  expect([pixel(rgba, 0)[3], pixel(rgba, 1)[0], pixel(rgba, 2)[0]]).toEqual([0, 255, 255]);
});

it('refuses maps of different shapes', () => {
  expect(() => compose(part([1], 0, 1, red), part([1, 1], 0, 1, blue))).toThrow('differ in shape');
});
