/**
 * Small image files and Pillow's pixels of each, written by tools/reference/make_images.py, with the tolerance of a
 * decoder relative to Pillow.
 */
import { bytesOfBase64 } from '../core/base64.ts';
import type { PixelGrid } from '../media/resample.ts';
import cases from '../../tools/reference/fixtures/images.json' with { type: 'json' };
import tiffs from '../../tools/reference/fixtures/tiffs.json' with { type: 'json' };

export interface ImageCase {
  readonly name: string;
  readonly file: Uint8Array<ArrayBuffer>;
  readonly height: number;
  readonly width: number;
  readonly rgb: Uint8Array<ArrayBuffer>;
  /** In levels of 255. */
  readonly tolerance: number;
}

/**
 * Two decoders of a lossy format round differently, and so do two ways of blending with white. All other results must be
 * exact.
 */
const toleranceOf = (name: string): number =>
  name.endsWith('.jpg') || name.startsWith('lossy') ? 3 : name.includes('transparent') ? 1 : 0;

const casesOf = (stored: typeof cases): readonly ImageCase[] =>
  stored.map(({ name, file, height, width, rgb }) => ({
    name,
    file: bytesOfBase64(file),
    height,
    width,
    rgb: bytesOfBase64(rgb),
    tolerance: toleranceOf(name),
  }));

export const imageCases = casesOf(cases);

/** By tools/reference/make_tiffs.py; no browser opens them. */
export const tiffCases = casesOf(tiffs);

/** @returns the largest difference of a colour from Pillow's, in levels of 255; Infinity if the size differs */
export function differenceFromPillow(pixels: PixelGrid, { height, width, rgb }: ImageCase): number {
  if (pixels.height !== height || pixels.width !== width) return Infinity;
  let largest = 0;
  for (let pixel = 0; pixel < height * width; pixel++)
    for (let channel = 0; channel < 3; channel++) {
      const seen = pixels.values[pixel * pixels.channels + channel] as number;
      largest = Math.max(largest, Math.abs(seen - (rgb[pixel * 3 + channel] as number)));
    }
  return largest;
}
