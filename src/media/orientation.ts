/** The eight orientations of EXIF, read from a file and applied to its pixels. */
import type { Size } from '../core/geometry.ts';
import { ascii } from './image-file.ts';
import type { PixelGrid } from './resample.ts';
import { readTiffTag, tiffTags } from './tiff-tags.ts';

/** 1 is upright; the names of the others are in `steps`. Source: EXIF 2.32, tag 0x0112. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const isOrientation = (value: number | undefined): value is Orientation =>
  value !== undefined && Number.isInteger(value) && value >= 1 && value <= 8;

/**
 * @param exif TIFF data, with or without JPEG's leading 'Exif'
 * @returns 1 if it cannot be read: damaged metadata must not make the photograph fail
 */
export function readOrientation(exif: Uint8Array): Orientation {
  const bytes = ascii(exif, 0, 4) === 'Exif' ? exif.subarray(6) : exif;
  const value = readTiffTag(bytes, tiffTags.orientation) ?? undefined;
  return isOrientation(value) ? value : 1;
}

interface Walk {
  /** Index of the stored pixel that is the first one of the upright picture. */
  readonly start: number;
  /** Distance between stored pixels that are neighbours in the upright picture: to the right one, and to the one below. */
  readonly right: number;
  readonly down: number;
}

/** In pixels of the stored picture, which is stored row by row. */
function walkOf({ height, width }: Size, orientation: Orientation): Walk {
  const last = height * width - 1;
  switch (orientation) {
    case 1:
      return { start: 0, right: 1, down: width };
    case 2: // mirrored left to right
      return { start: width - 1, right: -1, down: width };
    case 3: // upside down
      return { start: last, right: -1, down: -width };
    case 4: // mirrored top to bottom
      return { start: last - width + 1, right: 1, down: -width };
    case 5: // rows and columns swapped
      return { start: 0, right: width, down: 1 };
    case 6: // to be turned clockwise
      return { start: last - width + 1, right: -width, down: 1 };
    case 7: // as 5, then upside down
      return { start: last, right: -width, down: -1 };
    case 8: // to be turned anticlockwise
      return { start: width - 1, right: width, down: -1 };
  }
}

export const uprightSize = ({ height, width }: Size, orientation: Orientation): Size =>
  orientation >= 5 ? { height: width, width: height } : { height, width };

/** @returns the pixels of the upright picture; `image` itself if it is already upright */
export function turnUpright(image: PixelGrid, orientation: Orientation): PixelGrid {
  if (orientation === 1) return image;
  const { channels, values } = image;
  const { start, right, down } = walkOf(image, orientation);
  const { height, width } = uprightSize(image, orientation);
  const turned = new Uint8ClampedArray(height * width * channels);
  let to = 0;
  for (let row = 0; row < height; row++) {
    let from = (start + row * down) * channels;
    for (let column = 0; column < width; column++, from += right * channels)
      for (let channel = 0; channel < channels; channel++) turned[to++] = values[from + channel] as number;
  }
  return { height, width, channels, values: turned };
}

/** The arguments of `CanvasRenderingContext2D.setTransform` that draw the stored picture upright. */
export function uprightTransform(
  { height, width }: Size,
  orientation: Orientation,
): [a: number, b: number, c: number, d: number, e: number, f: number] {
  switch (orientation) {
    case 1:
      return [1, 0, 0, 1, 0, 0];
    case 2:
      return [-1, 0, 0, 1, width, 0];
    case 3:
      return [-1, 0, 0, -1, width, height];
    case 4:
      return [1, 0, 0, -1, 0, height];
    case 5:
      return [0, 1, 1, 0, 0, 0];
    case 6:
      return [0, 1, -1, 0, height, 0];
    case 7:
      return [0, -1, -1, 0, height, width];
    case 8:
      return [0, -1, 1, 0, 0, width];
  }
}
