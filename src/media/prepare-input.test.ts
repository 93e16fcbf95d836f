import { expect, test } from 'vitest';
import { createSha256 } from '../formats/sha256.ts';
import { nodePlatform } from '../testing/node-platform.ts';
import { cutTo } from '../testing/cut-to.ts';
import { middleSquares } from '../testing/pooled-fixtures.ts';
import { framePhotograph, type Framing } from './framing.ts';
import { prepareInput, resizePhoto } from './prepare-input.ts';
import type { PixelGrid } from './resample.ts';

/** The framing of a whole image at its own size, for which the filter changes no value. */
const whole = (height: number, width: number): Pick<Framing, 'box' | 'inputSizePx' | 'filter'> => ({
  inputSizePx: { height, width },
  box: { top: 0, left: 0, height, width },
  filter: 'bicubic',
});

/** (v / 255 − mean) / std of torchvision's ImageNet statistics. */
const red = (v: number): number => (v / 255 - 0.485) / 0.229;
const green = (v: number): number => (v / 255 - 0.456) / 0.224;
const blue = (v: number): number => (v / 255 - 0.406) / 0.225;

test('black is what every DINO preprocess makes of it', () => {
  const image: PixelGrid = { height: 1, width: 1, channels: 3, values: new Uint8Array(3) };
  const [r, g, b] = prepareInput(image, whole(1, 1));
  expect(r).toBeCloseTo(-2.117904, 6);
  expect(g).toBeCloseTo(-2.035714, 6);
  expect(b).toBeCloseTo(-1.804444, 6);
});

test('rows come before columns and colours last, red first', () => {
  const image: PixelGrid = {
    height: 2,
    width: 3,
    channels: 3,
    values: Uint8Array.of(10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150, 160, 170, 255),
  };
  const input = prepareInput(image, whole(2, 3));
  const expected = [
    [red(10), green(20), blue(30), red(40), green(50), blue(60), red(70), green(80), blue(90)],
    [red(100), green(110), blue(120), red(130), green(140), blue(150), red(160), green(170), blue(255)],
  ].flat();
  expect(input.length).toBe(18);
  for (const [i, value] of expected.entries()) expect(input[i]).toBeCloseTo(value, 6);
});

test('a fourth channel is passed over', () => {
  const image: PixelGrid = {
    height: 1,
    width: 2,
    channels: 4,
    values: Uint8ClampedArray.of(1, 2, 3, 99, 4, 5, 6, 99),
  };
  const input = prepareInput(image, whole(1, 2));
  for (const [i, value] of [red(1), green(2), blue(3), red(4), green(5), blue(6)].entries())
    expect(input[i]).toBeCloseTo(value, 6);
});

test('only the framed part is seen, at the size that is asked for', () => {
  // Left half 0, right half 200; the box is the right half, enlarged.
  const values = Uint8Array.from({ length: 4 * 8 * 3 }, (_, i) => (Math.floor(i / 3) % 8 < 4 ? 0 : 200));
  const image: PixelGrid = { height: 4, width: 8, channels: 3, values };
  const input = prepareInput(image, {
    ...whole(8, 8),
    box: { top: 0, left: 6, height: 2, width: 2 },
    filter: 'bilinear',
  });
  expect(input.length).toBe(8 * 8 * 3);
  for (const [i, value] of input.entries())
    expect(value).toBeCloseTo([red(200), green(200), blue(200)][i % 3] ?? NaN, 6);
});

test.each(middleSquares)(
  'the middle square, $side px, of a photograph of $size.height × $size.width is Pillow’s',
  async ({ size, side, sha256 }) => {
    const photo = cutTo(await nodePlatform.readSample('cat'), size);
    // Patches of 16 px.
    const framing = framePhotograph(photo, { shape: 'official', sidePx: side }, 16);
    expect(framing).toMatchObject({ rows: side / 16, columns: side / 16 });
    const hash = createSha256();
    hash.update(new Uint8Array(resizePhoto(photo, framing).buffer));
    expect(hash.hex()).toBe(sha256);
  },
);

test('of a line of pixels only the middle is resized: the whole would be 256 × 5,120,000 px', () => {
  const width = 20_000;
  const values = Uint8Array.from({ length: 3 * width }, (_, i) => (i < (3 * width) / 2 ? 124 : 125));
  const photo: PixelGrid = { height: 1, width, channels: 3, values };
  const framing = framePhotograph(photo, { shape: 'official', sidePx: 224 }, 16);
  expect(framing.cut?.wholePx).toEqual({ height: 256, width: 256 * width });
  const middle = resizePhoto(photo, framing);
  expect(middle).toHaveLength(224 * 224 * 3);
  // The border between the two values lies in the middle of the square.
  for (const [at, value] of middle.entries()) {
    const column = Math.floor(at / 3) % 224;
    if (Math.abs(column - 111.5) > 1) expect(value).toBe(column < 112 ? 124 : 125);
  }
});
