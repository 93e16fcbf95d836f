/**
 * Colour changes, bit-exact with Pillow, so that training crops are like torchvision's. Every function works in place on interleaved
 * 8-bit RGB.
 * Source: the behaviour of Pillow's ImageEnhance, ImageOps, Blend.c and Convert.c, and torchvision's `adjust_hue`.
 */

type Pixels = Uint8ClampedArray;

/** ITU-R 601-2 luma in fixed point, as in Pillow's mode L. */
const luma = (red: number, green: number, blue: number): number =>
  (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;

/** Pillow's `blend` of one value: float32, truncated, not rounded. A factor outside of 0 … 1 extrapolates; the result is clipped. */
function blend(from: number, to: number, factor: number): number {
  const value = Math.fround(from + Math.fround(factor * (to - from)));
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value);
}

/** @param factor 0 gives black, 1 the picture itself */
export function adjustBrightness(pixels: Pixels, factor: number): void {
  const alpha = Math.fround(factor);
  for (let i = 0; i < pixels.length; i++) pixels[i] = blend(0, pixels[i] as number, alpha);
}

/** @param factor 0 gives the mean grey everywhere, 1 the picture itself */
export function adjustContrast(pixels: Pixels, factor: number): void {
  const alpha = Math.fround(factor);
  let sum = 0;
  for (let i = 0; i < pixels.length; i += 3)
    sum += luma(pixels[i] as number, pixels[i + 1] as number, pixels[i + 2] as number);
  const mean = Math.floor(sum / (pixels.length / 3) + 0.5);
  for (let i = 0; i < pixels.length; i++) pixels[i] = blend(mean, pixels[i] as number, alpha);
}

/** @param factor 0 gives grey, 1 the picture itself */
export function adjustSaturation(pixels: Pixels, factor: number): void {
  const alpha = Math.fround(factor);
  for (let i = 0; i < pixels.length; i += 3) {
    const grey = luma(pixels[i] as number, pixels[i + 1] as number, pixels[i + 2] as number);
    for (let channel = i; channel < i + 3; channel++)
      pixels[channel] = blend(grey, pixels[channel] as number, alpha);
  }
}

/** Hue of one pixel as in Pillow's HSV, 0 … 255. It creates no function or array, for speed: it runs for every pixel. */
function hueOf(red: number, green: number, blue: number, largest: number, range: number): number {
  const r = Math.fround((largest - red) / range);
  const g = Math.fround((largest - green) / range);
  const b = Math.fround((largest - blue) / range);
  let sextant: number;
  if (red === largest) sextant = Math.fround(b - g);
  else if (green === largest) sextant = Math.fround(2 + r - b);
  else sextant = Math.fround(4 + g - r);
  return Math.trunc(Math.fround((sextant / 6 + 1) % 1) * 255);
}

/** C's `round`: halves are rounded away from 0. Values must be 0 or more. */
const round = (value: number): number => Math.floor(value + 0.5);

/** @param turn in turns of the colour circle, −0.5 … 0.5 */
export function adjustHue(pixels: Pixels, turn: number): void {
  const shift = Math.trunc(turn * 255);
  for (let i = 0; i < pixels.length; i += 3) {
    const red = pixels[i] as number;
    const green = pixels[i + 1] as number;
    const blue = pixels[i + 2] as number;
    const largest = Math.max(red, green, blue);
    const range = largest - Math.min(red, green, blue);
    if (range === 0) continue; // grey has no hue
    const saturation = Math.trunc(Math.fround(range / largest) * 255);
    if (saturation === 0) {
      pixels[i] = pixels[i + 1] = pixels[i + 2] = largest;
      continue;
    }
    const hue = (hueOf(red, green, blue, largest, range) + shift + 256) & 255;
    const sector = Math.floor((hue * 6) / 255);
    const fraction = Math.fround((hue * 6) / 255 - sector);
    const share = Math.fround(saturation / 255);
    const p = round(largest * (1 - share));
    const q = round(largest * (1 - Math.fround(share * fraction)));
    const t = round(largest * (1 - share * (1 - fraction)));
    const inSector = sector % 6;
    // Each sector has the largest value in one channel, the smallest in another; the third channel rises or falls between them.
    pixels[i] = inSector === 0 || inSector === 5 ? largest : inSector === 1 ? q : inSector === 4 ? t : p;
    pixels[i + 1] = inSector === 1 || inSector === 2 ? largest : inSector === 0 ? t : inSector === 3 ? q : p;
    pixels[i + 2] = inSector === 3 || inSector === 4 ? largest : inSector === 2 ? t : inSector === 5 ? q : p;
  }
}

export function turnGrey(pixels: Pixels): void {
  for (let i = 0; i < pixels.length; i += 3) {
    const grey = luma(pixels[i] as number, pixels[i + 1] as number, pixels[i + 2] as number);
    pixels[i] = pixels[i + 1] = pixels[i + 2] = grey;
  }
}

/** Inverts every value from 128 on. */
export function solarise(pixels: Pixels): void {
  for (let i = 0; i < pixels.length; i++) {
    const value = pixels[i] as number;
    if (value >= 128) pixels[i] = 255 - value;
  }
}

/** Mirrors the picture left to right. */
export function mirror(pixels: Pixels, width: number): void {
  for (let row = 0; row < pixels.length; row += 3 * width)
    for (let left = row, right = row + 3 * (width - 1); left < right; left += 3, right -= 3)
      for (let channel = 0; channel < 3; channel++) {
        const kept = pixels[left + channel] as number;
        pixels[left + channel] = pixels[right + channel] as number;
        pixels[right + channel] = kept;
      }
}
