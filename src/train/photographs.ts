/** The photographs of a run, in main memory for its whole length. */
import { resample, type PixelGrid } from '../media/resample.ts';

/**
 * A crop of the least area still has about as many pixels as it is resized to when the short side is twice the global crop, so
 * more would only take memory: a hundred photographs of a camera are 3.6 GB.
 */
const shortSideOfGlobalCrops = 2;

/** @returns the photograph itself where it is small enough */
export function shrinkPhotograph(photo: PixelGrid, globalCropPx: number): PixelGrid {
  const shortSide = Math.min(photo.height, photo.width);
  const wanted = shortSideOfGlobalCrops * globalCropPx;
  if (shortSide <= wanted) return photo;
  const size = {
    height: Math.round((photo.height * wanted) / shortSide),
    width: Math.round((photo.width * wanted) / shortSide),
  };
  const whole = { top: 0, left: 0, height: photo.height, width: photo.width };
  return { ...size, channels: 3, values: resample(photo, whole, size, 'bicubic') };
}

/**
 * Tells whether a run goes on with the photographs that it began with. Sizes and every 97th byte, by FNV-1a: enough
 * to notice a mistake, not a forgery.
 */
export function fingerprintOf(photographs: readonly PixelGrid[]): string {
  let hash = 0x811c9dc5;
  const add = (value: number): void => {
    hash = Math.imul(hash ^ value, 0x01000193);
  };
  for (const { height, width, values } of photographs) {
    add(height);
    add(width);
    for (let i = 0; i < values.length; i += 97) add(values[i] as number);
  }
  return `${photographs.length}-${(hash >>> 0).toString(16)}`;
}
