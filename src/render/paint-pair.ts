/** Draws two photographs beside each other, what is drawn over each, and the links between them. */
import type { Frame } from '../core/frame.ts';
import type { Box, Size } from '../core/geometry.ts';
import { formatColour, type Rgb } from './colour-maps.ts';
import type { Layer } from './layers.ts';
import {
  lineWidthFor,
  paintLayers,
  paintUnseen,
  strokeContour,
  type Context,
  type Detail,
} from './paint-layers.ts';
import { layOutPair, placeOn, type Beside, type Link, type PairPlaces } from './pair.ts';

/** What is drawn over a photograph. */
interface Covered {
  readonly frame: Frame;
  readonly layers: readonly Layer[];
}

export interface PairPicture {
  readonly first: Covered;
  readonly second: Beside;
}

interface PairTarget {
  readonly places: PairPlaces;
  readonly detail: Detail;
  readonly lineWidthPx: number;
}

const isDark = ([red, green, blue]: Rgb): boolean => 0.3 * red + 0.59 * green + 0.11 * blue < 140;

function paintPhoto(
  context: Context,
  picture: CanvasImageSource | null,
  { left, top, width, height }: Box,
): void {
  if (picture === null) return;
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, left, top, width, height);
}

/** @param first, second null while a photograph is not decoded */
export function paintPairPhotos(
  context: Context,
  first: CanvasImageSource | null,
  second: CanvasImageSource | null,
  places: PairPlaces,
): void {
  paintPhoto(context, first, places.first);
  paintPhoto(context, second, places.second);
}

function paintOver(context: Context, { frame, layers }: Covered, box: Box, target: PairTarget): void {
  const on = { size: box, detail: target.detail, lineWidthPx: target.lineWidthPx };
  context.save();
  context.translate(box.left, box.top);
  context.beginPath();
  context.rect(0, 0, box.width, box.height);
  context.clip();
  if (layers.length === 0) paintUnseen(context, frame, on);
  paintLayers(context, layers, on);
  context.restore();
}

function paintDot(
  context: Context,
  { x, y }: { readonly x: number; readonly y: number },
  { label, colour }: Link,
  lineWidthPx: number,
): void {
  const radius = 5.5 * lineWidthPx;
  const dot = new Path2D();
  dot.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = formatColour(colour);
  context.fill(dot);
  context.strokeStyle = 'rgb(0 0 0 / 0.75)';
  context.lineWidth = lineWidthPx;
  context.stroke(dot);
  context.fillStyle = isDark(colour) ? 'white' : 'black';
  context.font = `600 ${1.25 * radius}px 'Instrument Sans Variable', sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(label, x, y + 0.06 * radius);
}

/** Over a surface that holds the two photographs, or over a transparent one laid on it. */
export function paintPairOverlay(context: Context, { first, second }: PairPicture, target: PairTarget): void {
  const { places, lineWidthPx } = target;
  paintOver(context, first, places.first, target);
  paintOver(context, second, places.second, target);
  const ends = second.links.map((link) => ({
    link,
    from: placeOn(link.first, first.frame.photoSizePx, places.first),
    to: placeOn(link.second, second.frame.photoSizePx, places.second),
  }));
  context.save();
  context.lineCap = 'round';
  context.globalAlpha = second.lineOpacity;
  if (second.lineOpacity > 0)
    for (const { link, from, to } of ends) {
      const path = new Path2D();
      path.moveTo(from.x, from.y);
      path.lineTo(to.x, to.y);
      strokeContour(context, path, link.colour, lineWidthPx, true);
    }
  context.globalAlpha = 1;
  // The most important one last, above all others.
  for (const { link, from, to } of ends.toReversed()) {
    paintDot(context, from, link, lineWidthPx);
    paintDot(context, to, link, lineWidthPx);
  }
  context.restore();
}

/**
 * A saved picture, on black.
 * @param target `savedPairSize`
 */
export function paintPair(
  context: Context,
  picture: PairPicture,
  [first, second]: readonly [CanvasImageSource, CanvasImageSource],
  { size, gap }: { readonly size: Size; readonly gap: number },
): void {
  context.fillStyle = 'black';
  context.fillRect(0, 0, size.width, size.height);
  const { first: one, second: other } = picture;
  const places = layOutPair(size, one.frame.photoSizePx, other.frame.photoSizePx, gap);
  paintPairPhotos(context, first, second, places);
  paintPairOverlay(context, picture, {
    places,
    detail: 'stage',
    lineWidthPx: lineWidthFor(places.first, 'stage'),
  });
}
