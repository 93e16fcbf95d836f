import type { Size } from '../../core/geometry.ts';
import type { SmallPictures } from './small-pictures.ts';
import { type MapView, pictureSidePx, type Point, placeOf, toCanvas } from './map-geometry.ts';

export interface MapDot {
  readonly index: number;
  readonly colour: string;
  /** Its class was voted, not given. */
  readonly isVoted: boolean;
}

export interface MapDrawing {
  readonly places: Float32Array;
  readonly dots: readonly MapDot[];
  readonly selected: ReadonlySet<number>;
  readonly cursor: number | null;
  readonly view: MapView;
  /** What is being drawn round, px of the canvas. */
  readonly lasso: readonly Point[];
}

/** Smaller pictures show nothing; a dot in the class's colour then says more. CSS px. */
const smallestPicture = 13;

const isSeen = ({ x, y }: Point, side: number, { width, height }: Size): boolean =>
  x > -side && y > -side && x < width + side && y < height + side;

function paintPicture(
  context: CanvasRenderingContext2D,
  bitmap: ImageBitmap,
  { x, y }: Point,
  side: number,
): Size {
  const scale = side / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  context.drawImage(bitmap, x - width / 2, y - height / 2, width, height);
  return { width, height };
}

/** @param ink colours as CSS has them */
export function paintMap(
  context: CanvasRenderingContext2D,
  size: Size,
  { places, dots, selected, cursor, view, lasso }: MapDrawing,
  pictures: Pick<SmallPictures, 'peek' | 'want'>,
  onLoaded: () => void,
  ink: { readonly line: string; readonly focus: string },
): void {
  const devicePx = devicePixelRatio;
  const side = pictureSidePx(dots.length, view, size, devicePx);
  const drawsPictures = side >= smallestPicture * devicePx;
  const seen: number[] = [];
  const paintDot = ({ index, colour, isVoted }: MapDot): void => {
    const place = placeOf(places, index);
    if (place === null) return;
    const at = toCanvas(place, view, size);
    if (!isSeen(at, side, size)) return;
    seen.push(index);
    const bitmap = drawsPictures ? pictures.peek(index) : undefined;
    const marked = index === cursor ? ink.focus : selected.has(index) ? ink.line : null;
    context.lineWidth = (marked === null ? 1.5 : 3) * devicePx;
    context.strokeStyle = marked ?? colour;
    if (bitmap !== undefined) {
      const { width, height } = paintPicture(context, bitmap, at, side);
      context.setLineDash(isVoted && marked === null ? [3 * devicePx, 3 * devicePx] : []);
      context.strokeRect(at.x - width / 2, at.y - height / 2, width, height);
      return;
    }
    context.setLineDash([]);
    context.beginPath();
    context.arc(at.x, at.y, Math.min(side / 2, 5 * devicePx), 0, 2 * Math.PI);
    context.fillStyle = colour;
    if (!isVoted) context.fill();
    if (isVoted || marked !== null) context.stroke();
  };
  for (const dot of dots) if (!selected.has(dot.index)) paintDot(dot);
  for (const dot of dots) if (selected.has(dot.index) && dot.index !== cursor) paintDot(dot);
  for (const dot of dots) if (dot.index === cursor) paintDot(dot);
  context.setLineDash([]);
  if (drawsPictures) pictures.want(seen, onLoaded);
  const [first, ...rest] = lasso;
  if (first === undefined) return;
  context.beginPath();
  context.moveTo(first.x, first.y);
  for (const { x, y } of rest) context.lineTo(x, y);
  context.closePath();
  context.lineWidth = 2 * devicePx;
  context.strokeStyle = ink.line;
  context.stroke();
}
