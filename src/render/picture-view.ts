/** Which part of a picture is shown: all of it, or a part, larger. Everything in shares of width and height, so that it suits any size. */
import type { Size } from '../core/geometry.ts';
import type { Context } from './paint-layers.ts';

export interface PictureView {
  /** How many times larger; 1 shows the whole picture. */
  readonly scale: number;
  /** Where the part begins, in shares of the picture. */
  readonly left: number;
  readonly top: number;
}

/** In shares of a picture, or of what is shown of it. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export const wholePicture: PictureView = { scale: 1, left: 0, top: 0 };

/** A patch of 16 px in a photograph that the network sees 320 px wide then fills most of the stage. */
const maxScale = 12;

/** Nearer to 1 it is the whole picture. */
const leastScale = 1.02;

const within = (value: number, most: number): number => Math.min(most, Math.max(0, value));

function limited({ scale, left, top }: PictureView): PictureView {
  if (scale < leastScale) return wholePicture;
  const most = 1 - 1 / scale;
  return { scale, left: within(left, most), top: within(top, most) };
}

/** @returns the point of the picture under a point of what is shown */
export const pointUnder = ({ scale, left, top }: PictureView, { x, y }: Point): Point => ({
  x: left + x / scale,
  y: top + y / scale,
});

/** @returns where a point of the picture is in what is shown; outside of 0..1 it is out of sight */
export const pointShown = ({ scale, left, top }: PictureView, { x, y }: Point): Point => ({
  x: (x - left) * scale,
  y: (y - top) * scale,
});

/** @param at the point of what is shown that stays where it is */
export function zoomed(view: PictureView, factor: number, at: Point): PictureView {
  const scale = Math.min(maxScale, view.scale * factor);
  const point = pointUnder(view, at);
  return limited({ scale, left: point.x - at.x / scale, top: point.y - at.y / scale });
}

/** Moves the picture under the eye. @param by in shares of what is shown; to the right and down is positive */
export const dragged = ({ scale, left, top }: PictureView, by: Point): PictureView =>
  limited({ scale, left: left - by.x / scale, top: top - by.y / scale });

/** @returns the view, moved no further than the point needs to be in sight @param margin around it, in shares of what is shown */
export function showing(view: PictureView, point: Point, margin: number): PictureView {
  const shown = pointShown(view, point);
  const beyond = (at: number): number => Math.min(0, at - margin) + Math.max(0, at - (1 - margin));
  const by = { x: -beyond(shown.x), y: -beyond(shown.y) };
  return by.x === 0 && by.y === 0 ? view : dragged(view, by);
}

/** Draws the part on a surface: `draw` draws the whole picture, as large as the surface. */
export function drawPart(
  context: Context,
  { width, height }: Size,
  { scale, left, top }: PictureView,
  draw: () => void,
): void {
  context.save();
  context.setTransform(scale, 0, 0, scale, -left * scale * width, -top * scale * height);
  draw();
  context.restore();
}
