import { imageNet } from '../core/normalisation.ts';
import type { Framing } from './framing.ts';
import { resample, resamplePart, type PixelGrid } from './resample.ts';

/** For each channel, the normalised value of each of the 256 levels, rounded to float32 at each step, as in torchvision. */
const normalised = imageNet.mean.map((mean, channel) =>
  Float32Array.from({ length: 256 }, (_, level) =>
    Math.fround(
      Math.fround(Math.fround(level / 255) - Math.fround(mean)) / Math.fround(imageNet.std[channel] ?? 1),
    ),
  ),
);

/**
 * @param pixels interleaved 8-bit RGB
 * @param target of the same length; receives the normalised values
 */
export function normalisePixels(pixels: Uint8Array | Uint8ClampedArray, target: Float32Array): void {
  for (let channel = 0; channel < 3; channel++) {
    const table = normalised[channel] as Float32Array;
    for (let i = channel; i < pixels.length; i += 3) target[i] = table[pixels[i] as number] as number;
  }
}

/** @returns RGB, shape [height, width, 3] of `framing.inputSizePx` */
export function resizePhoto(
  image: PixelGrid,
  { box, inputSizePx, filter, cut }: Pick<Framing, 'box' | 'inputSizePx' | 'filter' | 'cut'>,
): Uint8ClampedArray<ArrayBuffer> {
  if (cut === undefined) return resample(image, box, inputSizePx, filter);
  const { wholePx, top, left } = cut;
  return resamplePart(image, wholePx, { top, left, ...inputSizePx }, filter);
}

/** @returns the model's input: normalised RGB, shape [height, width, 3] of `framing.inputSizePx` */
export function prepareInput(
  image: PixelGrid,
  framing: Pick<Framing, 'box' | 'inputSizePx' | 'filter' | 'cut'>,
): Float32Array<ArrayBuffer> {
  const pixels = resizePhoto(image, framing);
  const input = new Float32Array(pixels.length);
  normalisePixels(pixels, input);
  return input;
}
