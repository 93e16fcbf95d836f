import { describe, expect, it } from 'vitest';
import type { Rgb } from './colour-maps.ts';
import { headColours } from './head-colours.ts';

const toLinear = (byte: number): number => {
  const value = byte / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
};

type Matrix = readonly (readonly [number, number, number])[];

// Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
const visions: Readonly<Record<string, Matrix>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

function toOkLab(colour: Rgb, vision: Matrix): readonly number[] {
  const linear = colour.map(toLinear);
  const [r = 0, g = 0, b = 0] = vision.map((row) =>
    Math.max(
      0,
      row.reduce((sum, weight, i) => sum + weight * (linear[i] ?? 0), 0),
    ),
  );
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function smallestDistance(colours: readonly Rgb[], vision: Matrix): number {
  const labs = colours.map((colour) => toOkLab(colour, vision));
  let smallest = Number.POSITIVE_INFINITY;
  labs.forEach((a, i) => {
    for (const b of labs.slice(i + 1)) {
      smallest = Math.min(smallest, Math.hypot(...a.map((value, axis) => value - (b[axis] ?? 0))));
    }
  });
  return smallest;
}

describe('headColours', () => {
  // 0.02 in OKLab is a difference that people just notice side by side.
  it.each(['normal', 'protanopia', 'deuteranopia'])('tells eight heads apart with %s vision', (name) => {
    expect(smallestDistance(headColours(8), visions[name] ?? [])).toBeGreaterThan(0.12);
  });

  it.each([1, 3, 6, 12, 16, 24])('gives %i heads as many different colours', (numHeads) => {
    const colours = headColours(numHeads);
    expect(new Set(colours.map(String)).size).toBe(numHeads);
    expect(colours.flat().every((level) => Number.isInteger(level) && level >= 0 && level <= 255)).toBe(true);
  });
});
