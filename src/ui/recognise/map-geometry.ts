/** Where photographs lie on the map, in the canvas's pixels. Plain numbers: no canvas, no page. */
import type { Size } from '../../core/geometry.ts';

/** What of the map is seen: the place in the middle of the canvas, and how much larger than the whole. */
export interface MapView {
  readonly x: number;
  readonly y: number;
  /** 1: the whole map fits. */
  readonly zoom: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export const wholeMap: MapView = { x: 0, y: 0, zoom: 1 };

const maxZoom = 60;
/** Of the shorter side: room for the outermost pictures. */
const filled = 0.9;

const scaleOf = (view: MapView, size: Size): number =>
  (view.zoom * filled * Math.min(size.width, size.height)) / 2;

/** @param places shape [N, 2]. @returns null where the item has no place */
export function placeOf(places: Float32Array, index: number): Point | null {
  const [x, y] = [places[2 * index] ?? NaN, places[2 * index + 1] ?? NaN];
  return Number.isFinite(x) && Number.isFinite(y) ? { x, y } : null;
}

/** From the map's own −1 … 1 to pixels of the canvas; up is up. */
export function toCanvas(place: Point, view: MapView, size: Size): Point {
  const scale = scaleOf(view, size);
  return { x: size.width / 2 + (place.x - view.x) * scale, y: size.height / 2 - (place.y - view.y) * scale };
}

export function toMap(point: Point, view: MapView, size: Size): Point {
  const scale = scaleOf(view, size);
  return { x: view.x + (point.x - size.width / 2) / scale, y: view.y - (point.y - size.height / 2) / scale };
}

/** @param point of the canvas that stays where it is */
export function zoomAt(view: MapView, factor: number, point: Point, size: Size): MapView {
  const zoom = Math.min(maxZoom, Math.max(1, view.zoom * factor));
  const fixed = toMap(point, view, size);
  const moved = toMap(point, { ...view, zoom }, size);
  return keepInSight({ x: view.x + fixed.x - moved.x, y: view.y + fixed.y - moved.y, zoom });
}

/** The middle of the canvas stays on the map. */
const keepInSight = ({ x, y, zoom }: MapView): MapView => ({
  x: Math.min(1, Math.max(-1, x)),
  y: Math.min(1, Math.max(-1, y)),
  zoom,
});

/** @param by how far the map is drawn along, px of the canvas */
export function pan(view: MapView, by: Point, size: Size): MapView {
  const scale = scaleOf(view, size);
  return keepInSight({ ...view, x: view.x - by.x / scale, y: view.y + by.y / scale });
}

/** @returns whether the point is inside the line that is drawn round, which is closed by itself (even-odd rule) */
export function isInside(point: Point, outline: readonly Point[]): boolean {
  let inside = false;
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i++) {
    const [a, b] = [outline[i], outline[j]];
    if (a === undefined || b === undefined || a.y > point.y === b.y > point.y) continue;
    if (point.x < ((b.x - a.x) * (point.y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}

const distance = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);

/** The nearest in that direction, more or less: what lies aside counts twice as far. @returns null where there is none */
export function nextTowards(
  places: Float32Array,
  shown: readonly number[],
  from: Point,
  direction: Point,
): number | null {
  let best: number | null = null;
  let bestCost = Infinity;
  for (const index of shown) {
    const place = placeOf(places, index);
    if (place === null) continue;
    const [dx, dy] = [place.x - from.x, place.y - from.y];
    const along = dx * direction.x + dy * direction.y;
    const aside = Math.abs(dx * direction.y - dy * direction.x);
    if (along <= 1e-9 || aside > 2 * along) continue;
    const cost = along + 2 * aside;
    if (cost < bestCost) [best, bestCost] = [index, cost];
  }
  return best;
}

/** @returns so many of the shown ones that are nearest on the map, itself first */
export function nearestOnMap(
  places: Float32Array,
  shown: readonly number[],
  from: Point,
  count: number,
): readonly number[] {
  return shown
    .flatMap((index) => {
      const place = placeOf(places, index);
      return place === null ? [] : [{ index, far: distance(place, from) }];
    })
    .sort((a, b) => a.far - b.far)
    .slice(0, count)
    .map(({ index }) => index);
}

/** Of a small picture, px of the canvas: as large as there is room, and larger with the zoom. */
export function pictureSidePx(count: number, view: MapView, size: Size, devicePx: number): number {
  const room = Math.sqrt((size.width * size.height) / Math.max(1, count));
  return Math.min(96 * devicePx, Math.max(6 * devicePx, 0.8 * room * view.zoom ** 0.75));
}
