/** Two photographs side by side, with lines between places that belong together. Plain arithmetic; `paint-pair` draws. */
import type { Frame } from '../core/frame.ts';
import type { Box, Size } from '../core/geometry.ts';
import type { Rgb } from './colour-maps.ts';
import type { Layer } from './layers.ts';

/** A place on a photograph, in px of the photograph. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** A place on the first photograph and one on the second that belong together. */
export interface Link {
  readonly first: Place;
  readonly second: Place;
  readonly label: string;
  readonly colour: Rgb;
}

/** What a second photograph beside the first one shows. */
export interface Beside {
  readonly frame: Frame;
  /** Drawn over the second photograph. */
  readonly layers: readonly Layer[];
  readonly links: readonly Link[];
  /** Of the lines between the two ends of links, 0..1; 0 draws none. */
  readonly lineOpacity: number;
}

export interface PairPlaces {
  readonly first: Box;
  readonly second: Box;
}

const aspectOf = ({ height, width }: Size): number => width / height;

/** Beside each other with one height, or above each other with one width. @returns the factors of the two photographs' shapes */
function fitPair({ height, width }: Size, first: Size, second: Size, gap: number, isBeside: boolean): number {
  const [a, b] = [aspectOf(first), aspectOf(second)];
  return isBeside
    ? Math.min(height, (width - gap) / (a + b))
    : Math.min(width, (height - gap) / (1 / a + 1 / b));
}

/**
 * The arrangement that shows the photographs larger.
 * @param surface where they have to fit
 * @param gap between them, in px of the surface
 */
export function layOutPair(surface: Size, first: Size, second: Size, gap: number): PairPlaces {
  const [a, b] = [aspectOf(first), aspectOf(second)];
  const height = Math.max(1, fitPair(surface, first, second, gap, true));
  const width = Math.max(1, fitPair(surface, first, second, gap, false));
  if (height * height * (a + b) >= width * width * (1 / a + 1 / b)) {
    const left = (surface.width - (height * (a + b) + gap)) / 2;
    const top = (surface.height - height) / 2;
    return {
      first: { left, top, height, width: height * a },
      second: { left: left + height * a + gap, top, height, width: height * b },
    };
  }
  const left = (surface.width - width) / 2;
  const top = (surface.height - (width / a + width / b + gap)) / 2;
  return {
    first: { left, top, width, height: width / a },
    second: { left, top: top + width / a + gap, width, height: width / b },
  };
}

const savedGapPx = 16;

/**
 * A saved picture: the photograph that has the larger side in the arrangement keeps its own resolution, or less where a side would
 * exceed `maxSidePx`. They are arranged so that the picture is nearer to a square.
 */
export function savedPairSize(first: Size, second: Size, maxSidePx: number): Size & { readonly gap: number } {
  const [a, b] = [aspectOf(first), aspectOf(second)];
  const isBeside = Math.abs(Math.log(a + b)) <= Math.abs(Math.log(1 / a + 1 / b));
  const [height, width] = isBeside
    ? [Math.max(first.height, second.height), Math.max(first.height, second.height) * (a + b)]
    : [Math.max(first.width, second.width) * (1 / a + 1 / b), Math.max(first.width, second.width)];
  const scale = Math.min(1, (maxSidePx - savedGapPx) / Math.max(height, width));
  return {
    height: Math.round(height * scale) + (isBeside ? 0 : savedGapPx),
    width: Math.round(width * scale) + (isBeside ? savedGapPx : 0),
    gap: savedGapPx,
  };
}

/** @returns where a place of the photograph lies on the surface */
export const placeOn = ({ x, y }: Place, { height, width }: Size, box: Box): Place => ({
  x: box.left + (x / width) * box.width,
  y: box.top + (y / height) * box.height,
});
