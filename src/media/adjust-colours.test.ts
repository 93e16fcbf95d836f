import { expect, test } from 'vitest';
import fixture from '../../tools/reference/fixtures/augmentation.json';
import { createSha256 } from '../formats/sha256.ts';
import {
  adjustBrightness,
  adjustContrast,
  adjustHue,
  adjustSaturation,
  mirror,
  solarise,
  turnGrey,
} from './adjust-colours.ts';

/** 140,608 colours, in the order of the script that makes the fixture. */
function colourCube(): Uint8ClampedArray {
  const levels = 52;
  const pixels = new Uint8ClampedArray(levels ** 3 * 3);
  for (let i = 0; i < levels ** 3; i++) {
    pixels[3 * i] = 5 * Math.floor(i / levels ** 2);
    pixels[3 * i + 1] = 5 * (Math.floor(i / levels) % levels);
    pixels[3 * i + 2] = 5 * (i % levels);
  }
  return pixels;
}

function sha256Of(pixels: Uint8ClampedArray): string {
  const hash = createSha256();
  hash.update(new Uint8Array(pixels.buffer));
  return hash.hex();
}

const adjust = {
  brightness: adjustBrightness,
  contrast: adjustContrast,
  saturation: adjustSaturation,
  hue: adjustHue,
};

test.each(fixture.colours)('$kind by $factor equals Pillow for every colour', ({ kind, factor, sha256 }) => {
  const pixels = colourCube();
  adjust[kind as keyof typeof adjust](pixels, factor);
  expect(sha256Of(pixels)).toBe(sha256);
});

test('grey equals Pillow for every colour', () => {
  const pixels = colourCube();
  turnGrey(pixels);
  expect(sha256Of(pixels)).toBe(fixture.grey);
});

test('solarised equals Pillow for every colour', () => {
  const pixels = colourCube();
  solarise(pixels);
  expect(sha256Of(pixels)).toBe(fixture.solarised);
});

test('a mirrored row is read from its other end', () => {
  const pixels = Uint8ClampedArray.from({ length: 2 * 3 * 3 }, (_, i) => i);
  mirror(pixels, 3);
  expect([...pixels]).toEqual([6, 7, 8, 3, 4, 5, 0, 1, 2, 15, 16, 17, 12, 13, 14, 9, 10, 11]);
});
