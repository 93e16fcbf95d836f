/** Which pixels of a mask are which object, and which ones do not count. */
import type { Box, Size } from '../core/geometry.ts';
import type { PngValues } from '../media/png-values.ts';

/** The label of pixels that count neither as object nor as background. */
export const borderLabel = 255;

export interface Objects extends Size {
  readonly count: number;
  /** One number a pixel, row by row: 0 for the background, 1 … count for an object, `borderLabel` for a border. */
  readonly labels: Uint8Array;
}

/** Masks with more colours than this are smoothed at their edges, or no masks. */
const maxObjects = 30;

/** PASCAL VOC's colour for the border around objects and for what is hard to tell: index 255 of its palette. */
const vocBorder = [224, 224, 192] as const;

/** The number that masks of numbers have for it, where labels are grey values or the palette's indices. */
const borderNumber = 255;

/** Labels are counted from 1. Where larger values stand beside 255, a mask tells objects by brightness, and 255 is one of them. */
const largestNumber = 63;

/** A value of the mask that is not the background. */
interface Value {
  /** The grey value or the index; null for colours. */
  readonly number: number | null;
  readonly isVocBorder: boolean;
  readonly label: number;
}

/**
 * Which of the values is the border. A mask of one object has none: there 255 is white, the object itself.
 * @returns its label; null where there is none
 */
function findBorder(values: readonly Value[]): number | null {
  if (values.length < 2) return null;
  const byColour = values.find(({ isVocBorder }) => isVocBorder);
  if (byColour !== undefined) return byColour.label;
  const byNumber = values.find(({ number }) => number === borderNumber);
  const areNumbers = values.every(
    ({ number, label }) => label === byNumber?.label || (number !== null && number <= largestNumber),
  );
  return areNumbers ? (byNumber?.label ?? null) : null;
}

const colourNumber = (red: number, green: number, blue: number): number =>
  (red * 65_536 + green) * 65_536 + blue;

/** @returns the colour of each index, as one number */
function coloursOf(palette: Uint8Array): number[] {
  // Past the palette's end all is black, as decoders have it.
  const colours = Array.from({ length: 256 }, (_, index) =>
    colourNumber(palette[3 * index] ?? 0, palette[3 * index + 1] ?? 0, palette[3 * index + 2] ?? 0),
  );
  // Some palettes end before the border's number, or are black there: it is no background all the same.
  if (colours[borderNumber] === 0) colours[borderNumber] = -1;
  return colours;
}

/** @returns what tells a pixel's colour as one number; a grey value as it is */
function colourReader({ kind, values, palette }: PngValues): (pixel: number) => number {
  if (kind === 'colour')
    return (pixel) =>
      colourNumber(values[3 * pixel] ?? 0, values[3 * pixel + 1] ?? 0, values[3 * pixel + 2] ?? 0);
  if (palette === null) return (pixel) => values[pixel] ?? 0;
  const colours = coloursOf(palette);
  return (pixel) => colours[values[pixel] ?? 0] ?? 0;
}

const vocBorderColour = colourNumber(...vocBorder);

/**
 * Black is the background, and every other colour is one object: white in most sets, the palette's colours in DAVIS and VOC.
 * Left out of all counts is a border, where there are objects beside it: VOC's colour (224, 224, 192), or the number 255 (a grey value,
 * or an index of the palette) in a mask whose other values are small numbers. In a mask of black and white, 255 is the object.
 * @returns the objects, or a phrase that says why it is no mask
 */
export function findObjects(png: PngValues): Objects | string {
  const { height, width, kind, values } = png;
  const labels = new Uint8Array(height * width);
  const colourAt = colourReader(png);
  const found: Value[] = [];
  const labelOf = new Map<number, number>([[0, 0]]);
  let last = 0;
  let lastLabel = 0;
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const colour = colourAt(pixel);
    if (colour !== last) {
      let label = labelOf.get(colour);
      if (label === undefined) {
        label = labelOf.size;
        // One more may be the border.
        if (label > maxObjects + 1)
          return `it has more than ${maxObjects} colours, and each would be an object: masks must have hard edges`;
        labelOf.set(colour, label);
        const number = kind === 'colour' ? null : (values[pixel] ?? 0);
        found.push({ number, isVocBorder: kind !== 'grey' && colour === vocBorderColour, label });
      }
      [last, lastLabel] = [colour, label];
    }
    labels[pixel] = lastLabel;
  }
  const border = findBorder(found);
  const count = found.length - (border === null ? 0 : 1);
  if (count > maxObjects)
    return `it has more than ${maxObjects} colours, and each would be an object: masks must have hard edges`;
  if (border !== null)
    for (let pixel = 0; pixel < labels.length; pixel++) {
      const label = labels[pixel] ?? 0;
      if (label === border) labels[pixel] = borderLabel;
      else if (label > border) labels[pixel] = label - 1;
    }
  return { height, width, count, labels };
}

/** @returns the share of the pixels that do not count, 0..1 */
export function borderShare({ labels }: Objects): number {
  let border = 0;
  for (const label of labels) if (label === borderLabel) border += 1;
  return border / labels.length;
}

/** @returns the smallest rectangle around each object, in px of its photograph, which may be larger or smaller than the mask */
export function boxesOfObjects({ height, width, count, labels }: Objects, photo: Size): Box[] {
  const [down, across] = [photo.height / height, photo.width / width];
  const bounds = Array.from({ length: count + 1 }, () => ({ top: height, left: width, bottom: 0, right: 0 }));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const bound = bounds[labels[y * width + x] ?? 0];
      if (bound === undefined) continue;
      bound.top = Math.min(bound.top, y);
      bound.left = Math.min(bound.left, x);
      bound.bottom = y + 1;
      bound.right = Math.max(bound.right, x + 1);
    }
  return bounds.slice(1).map(({ top, left, bottom, right }) => ({
    top: top * down,
    left: left * across,
    height: (bottom - top) * down,
    width: (right - left) * across,
  }));
}
