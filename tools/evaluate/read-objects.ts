/** Which pixels of a photograph are which object. */
import sharp from 'sharp';
import type { Size } from '../../src/core/geometry.ts';

export interface Objects extends Size {
  readonly count: number;
  /** One number a pixel, row by row: 0 for the background, 1 … count for an object. */
  readonly labels: Uint8Array;
}

/** Masks with more colours than this are smoothed at their edges, or no masks. */
const maxObjects = 30;

/**
 * A PNG in which the background is black and every other colour is one object: white in most sets, the palette's colours in
 * DAVIS and VOC.
 * @returns the objects, or a phrase that says what is wrong with the file
 */
export async function readObjects(path: string): Promise<Objects | string> {
  let decoded;
  try {
    // Colours as they are stored: a profile could make two objects one.
    decoded = await sharp(path, { ignoreIcc: true })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
  } catch {
    return 'it cannot be decoded';
  }
  const { data, info } = decoded;
  const labels = new Uint8Array(info.height * info.width);
  const labelOf = new Map<number, number>([[0, 0]]);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    let colour = 0;
    for (let channel = 0; channel < info.channels; channel++)
      colour = colour * 256 + (data[pixel * info.channels + channel] ?? 0);
    let label = labelOf.get(colour);
    if (label === undefined) {
      label = labelOf.size;
      if (label > maxObjects)
        return `it has more than ${maxObjects} colours, and each would be an object: masks must have hard edges`;
      labelOf.set(colour, label);
    }
    labels[pixel] = label;
  }
  return { height: info.height, width: info.width, count: labelOf.size - 1, labels };
}
