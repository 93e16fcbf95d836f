/** Blends transparent pixels with white. Pillow's `convert('RGB')` would show their hidden colours. */
import type { PixelGrid } from './resample.ts';

/** @param image changed in place. @returns whether any of its pixels were transparent */
export function layOnWhite({ channels, values }: PixelGrid): boolean {
  if (channels === 3) return false;
  let wasTransparent = false;
  for (let at = 0; at < values.length; at += 4) {
    const alpha = values[at + 3] as number;
    if (alpha === 255) continue;
    wasTransparent = true;
    for (let channel = 0; channel < 3; channel++) {
      const value = (values[at + channel] as number) * alpha + 255 * (255 - alpha);
      values[at + channel] = Math.round(value / 255);
    }
    values[at + 3] = 255;
  }
  return wasTransparent;
}

/** @returns the pixels without alpha, to save memory */
export function withoutAlpha({ height, width, channels, values }: PixelGrid): PixelGrid {
  if (channels === 3) return { height, width, channels, values };
  const rgb = new Uint8ClampedArray(height * width * 3);
  for (let pixel = 0; pixel < height * width; pixel++)
    for (let channel = 0; channel < 3; channel++)
      rgb[pixel * 3 + channel] = values[pixel * 4 + channel] as number;
  return { height, width, channels: 3, values: rgb };
}
