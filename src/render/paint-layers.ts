/**
 * Layers → a canvas. The one way anything is drawn over a photograph: on the stage, on tiles, in saved pictures, while a network
 * trains, and by the command line.
 */
import { seenBoxOf, type Frame } from '../core/frame.ts';
import type { Box, PatchGrid, Size } from '../core/geometry.ts';
import { assertNever } from '../core/result.ts';
import { formatColour, type Rgb } from './colour-maps.ts';
import type {
  BoxLayer,
  Layer,
  MarkLayer,
  MasksLayer,
  OutlineLayer,
  RgbLayer,
  ScalarLayer,
  VeilLayer,
} from './layers.ts';
import {
  composedOf,
  drawnSize,
  gridOf,
  heatOf,
  outlineOf,
  rgbOf,
  thresholdOf,
  type GridSize,
} from './map-drawing.ts';

export type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** How finely maps are interpolated: a tile is small, and there are many of them. */
export type Detail = 'stage' | 'tile';

export interface PaintTarget {
  /** The surface, which shows the whole photograph. */
  readonly size: Size;
  readonly detail: Detail;
  /** Width of a contour in the surface's px. */
  readonly lineWidthPx: number;
}

/**
 * The colour that dims the photograph. Near black in both themes, since it is part of the picture and not of the
 * page.
 */
const veil = 'rgb(8 8 10)';

/** Above this many patches the grids get coarser, so that the work of a frame stays the same. */
const manyPatches = 2500;

/** Samples a patch and direction; 1 draws the patches themselves. */
function samplesFor({ rows, columns }: PatchGrid, smooth: boolean, detail: Detail): number {
  if (!smooth) return 1;
  const many = rows * columns > manyPatches;
  if (detail === 'tile') return many ? 2 : 3;
  return many ? 4 : 6;
}

/** The same for outlines. They need fewer samples, since lines are drawn between them. */
const outlineSamples = (size: PatchGrid, smooth: boolean): number => samplesFor(size, smooth, 'tile');

/** @returns where the patches, or another part of the photograph, lie on a surface that shows the whole photograph */
function placeOf({ box, photoSizePx }: Pick<Frame, 'box' | 'photoSizePx'>, size: Size): Box {
  const [down, across] = [size.height / photoSizePx.height, size.width / photoSizePx.width];
  return {
    top: box.top * down,
    left: box.left * across,
    height: box.height * down,
    width: box.width * across,
  };
}

/**
 * The grid as it is drawn. Patches that overlap reach beyond their cells, so at the edges cells are repeated as far as the
 * network saw.
 */
function drawnGridOf({ rows, columns, box, seenBox = box }: Frame): GridSize {
  const beyond = ((seenBox.height - box.height) / 2) * (rows / box.height);
  // Rounding must not make a rim of nothing.
  return { rows, columns, rim: Math.ceil(beyond - 1e-6) };
}

/** @param box of the grid without its rim */
function withRim({ top, left, height, width }: Box, { rows, columns, rim }: GridSize): Box {
  const [down, across] = [(rim * height) / rows, (rim * width) / columns];
  return { top: top - down, left: left - across, height: height + 2 * down, width: width + 2 * across };
}

/** A grid of patches on the surface. */
interface PlacedGrid {
  readonly grid: GridSize;
  /** With the rim. */
  readonly box: Box;
}

/** Patch coordinates → the surface. */
function placePath(path: Path2D, { grid, box: { top, left, height, width } }: PlacedGrid): Path2D {
  const drawn = drawnSize(grid);
  const placed = new Path2D();
  placed.addPath(path, { a: width / drawn.width, d: height / drawn.height, e: left, f: top });
  return placed;
}

function drawCells(context: Context, cells: OffscreenCanvas, box: Box, smooth: boolean): void {
  context.imageSmoothingEnabled = smooth;
  context.imageSmoothingQuality = 'high';
  context.drawImage(cells, box.left, box.top, box.width, box.height);
}

/** @param outlined a dark line under the coloured one, which is seen on any photograph */
export function strokeContour(
  context: Context,
  path: Path2D,
  colour: Rgb,
  lineWidthPx: number,
  outlined: boolean,
): void {
  context.lineJoin = 'round';
  if (outlined) {
    context.strokeStyle = 'rgb(0 0 0 / 0.55)';
    context.lineWidth = lineWidthPx * 2.2;
    context.stroke(path);
  }
  context.strokeStyle = formatColour(colour);
  context.lineWidth = lineWidthPx;
  context.stroke(path);
}

function paintScalar(context: Context, layer: ScalarLayer, { grid, box }: PlacedGrid, detail: Detail): void {
  const { map, colours, range, smooth, opacity } = layer;
  context.globalAlpha = opacity;
  drawCells(context, heatOf(map, grid, samplesFor(grid, smooth, detail), colours, range), box, smooth);
}

function paintVeil(context: Context, { map, share, smooth, opacity }: VeilLayer, placed: PlacedGrid): void {
  const { grid, box } = placed;
  const outside = placePath(outlineOf(map, grid, outlineSamples(grid, smooth), share), placed);
  outside.rect(box.left, box.top, box.width, box.height);
  context.globalAlpha = opacity;
  context.fillStyle = veil;
  context.fill(outside, 'evenodd');
}

function paintOutline(context: Context, layer: OutlineLayer, placed: PlacedGrid, lineWidthPx: number): void {
  const { map, share, smooth, colour } = layer;
  const { grid } = placed;
  const path = placePath(outlineOf(map, grid, outlineSamples(grid, smooth), share), placed);
  strokeContour(context, path, colour, lineWidthPx, true);
}

function paintMasks(context: Context, layer: MasksLayer, onGrid: PlacedGrid, lineWidthPx: number): void {
  const { masks, share, smooth, opacity, contour } = layer;
  const { grid, box } = onGrid;
  const composed = masks.length === 0 ? null : composedOf(masks, grid, outlineSamples(grid, smooth), share);
  // Within a mask the photograph keeps its light below the colour.
  const outside = new Path2D();
  const placed = (composed?.outlines ?? []).map((outline) => placePath(outline, onGrid));
  for (const path of placed) outside.addPath(path);
  outside.rect(box.left, box.top, box.width, box.height);
  context.globalAlpha = opacity * 0.85;
  context.fillStyle = veil;
  context.fill(outside, 'evenodd');
  if (composed === null) return;
  const { picture } = composed;
  context.globalAlpha = opacity;
  drawCells(context, picture, box, smooth);
  context.globalAlpha = 1;
  if (!contour) return;
  // Many lines would hide what they enclose: the more masks, the thinner.
  const thinner = lineWidthPx * Math.min(0.8, (4 / masks.length) ** 0.75);
  for (const [at, { colour }] of masks.entries()) {
    const path = placed[at];
    if (path !== undefined) strokeContour(context, path, colour, thinner, false);
  }
}

/**
 * A light line between dark ones, which is seen on any photograph and in any colour map. It lies around the patch, so that the patch
 * itself stays to be seen.
 */
function paintMark(context: Context, { frame, patch }: MarkLayer, box: Box, lineWidthPx: number): void {
  const side = { height: box.height / frame.rows, width: box.width / frame.columns };
  const left = box.left + patch.column * side.width - lineWidthPx;
  const top = box.top + patch.row * side.height - lineWidthPx;
  const width = side.width + 2 * lineWidthPx;
  const height = side.height + 2 * lineWidthPx;
  context.lineJoin = 'miter';
  context.strokeStyle = 'rgb(0 0 0)';
  context.lineWidth = lineWidthPx * 3;
  context.strokeRect(left, top, width, height);
  context.strokeStyle = 'rgb(255 255 255)';
  context.lineWidth = lineWidthPx * 1.25;
  context.strokeRect(left, top, width, height);
}

function paintRgb(context: Context, layer: RgbLayer, { grid, box }: PlacedGrid, detail: Detail): void {
  const { channels, kept, smooth, opacity } = layer;
  context.globalAlpha = opacity;
  if (kept !== null) {
    context.fillStyle = veil;
    context.fillRect(box.left, box.top, box.width, box.height);
  }
  drawCells(context, rgbOf(channels, kept, grid, samplesFor(grid, smooth, detail)), box, smooth);
}

/** The coloured line is drawn within its dark one. */
function paintBox(
  context: Context,
  { frame, box, colour }: BoxLayer,
  { size, lineWidthPx }: PaintTarget,
): void {
  const place = placeOf({ box, photoSizePx: frame.photoSizePx }, size);
  const path = new Path2D();
  path.rect(place.left, place.top, place.width, place.height);
  strokeContour(context, path, colour, lineWidthPx, true);
}

/** Nothing is drawn where the network did not see. */
function clipToSeen(context: Context, frame: Frame, size: Size): void {
  const { photoSizePx } = frame;
  const { left, top, width, height } = placeOf({ box: seenBoxOf(frame), photoSizePx }, size);
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
}

function paintLayer(context: Context, layer: Layer, { size, detail, lineWidthPx }: PaintTarget): void {
  const { frame } = layer;
  const cells = placeOf(frame, size);
  if (layer.kind === 'mark') return paintMark(context, layer, cells, lineWidthPx);
  if (layer.kind === 'box') return paintBox(context, layer, { size, detail, lineWidthPx });
  const grid = drawnGridOf(frame);
  const placed = { grid, box: withRim(cells, grid) };
  if (grid.rim > 0) clipToSeen(context, frame, size);
  switch (layer.kind) {
    case 'scalar':
      return paintScalar(context, layer, placed, detail);
    case 'veil':
      return paintVeil(context, layer, placed);
    case 'outline':
      return paintOutline(context, layer, placed, lineWidthPx);
    case 'masks':
      return paintMasks(context, layer, placed, lineWidthPx);
    case 'rgb':
      return paintRgb(context, layer, placed, detail);
    default:
      return assertNever(layer);
  }
}

/** Thinner strips are the rounding of the grid's place, and would be a line around every picture. */
const leastUnseenPx = 0.25;

/** Hatches what lies outside the patches, which the network does not see. It is no layer: no opacity or lens takes it away. */
export function paintUnseen(context: Context, frame: Frame, { size, lineWidthPx }: PaintTarget): void {
  const { photoSizePx } = frame;
  const box = placeOf({ box: seenBoxOf(frame), photoSizePx }, size);
  const strips = [
    { left: 0, top: 0, width: size.width, height: box.top },
    { left: 0, top: box.top + box.height, width: size.width, height: size.height - box.top - box.height },
    { left: 0, top: 0, width: box.left, height: size.height },
    { left: box.left + box.width, top: 0, width: size.width - box.left - box.width, height: size.height },
  ].filter(({ width, height }) => Math.min(width, height) >= leastUnseenPx);
  const stepPx = 5 * lineWidthPx;
  for (const { left, top, width, height } of strips) {
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    context.fillStyle = veil;
    context.globalAlpha = 0.85;
    context.fillRect(left, top, width, height);
    context.globalAlpha = 1;
    context.strokeStyle = 'rgb(150 150 155)';
    context.lineWidth = lineWidthPx;
    context.beginPath();
    // Diagonals from the lower edge, upwards to the right.
    for (let at = left - height; at < left + width; at += stepPx) {
      context.moveTo(at, top + height);
      context.lineTo(at + height, top);
    }
    context.stroke();
    context.restore();
  }
}

/** Draws over a surface that holds the photograph, or over a transparent one laid on it. */
export function paintLayers(context: Context, layers: readonly Layer[], target: PaintTarget): void {
  // All layers of a picture lie on one grid.
  const frame = layers[0]?.frame;
  if (frame !== undefined) paintUnseen(context, frame, target);
  for (const layer of layers) {
    context.save();
    paintLayer(context, layer, target);
    context.restore();
  }
}

/** How much of a frame preparing may take. */
const prepareMs = 5;

/** The steps of what a first painting needs, a few milliseconds each. */
function stepsOf(layer: Layer, detail: Detail): (() => void)[] {
  const grid = drawnGridOf(layer.frame);
  switch (layer.kind) {
    case 'scalar':
      return [() => gridOf(layer.map, grid, samplesFor(grid, layer.smooth, detail))];
    case 'veil':
    case 'outline':
      return [() => outlineOf(layer.map, grid, outlineSamples(grid, layer.smooth), layer.share)];
    case 'masks':
      return layer.masks.map(({ map }) => () => {
        thresholdOf(map, layer.share);
        gridOf(map, grid, outlineSamples(grid, layer.smooth));
      });
    case 'rgb':
      return layer.channels.map(
        ({ map }) =>
          () =>
            gridOf(map, grid, samplesFor(grid, layer.smooth, detail)),
      );
    case 'mark':
    case 'box':
      return [];
    default:
      return assertNever(layer);
  }
}

/**
 * Makes what a first painting needs, a few milliseconds at a time. Later paintings find it there, and make only what a slider
 * has changed.
 * @returns whether all is there
 */
export function prepareLayers(layers: readonly Layer[], detail: Detail): boolean {
  const start = performance.now();
  for (const step of layers.flatMap((layer) => stepsOf(layer, detail))) {
    if (performance.now() - start > prepareMs) return false;
    step();
  }
  return true;
}

/** Width of a contour on a surface of this size, in its px. @param pixelRatio the screen's px for each CSS px */
export const lineWidthFor = ({ width, height }: Size, detail: Detail, pixelRatio = 1): number =>
  detail === 'stage' ? Math.max(1.5 * pixelRatio, Math.max(width, height) / 560) : 1.1 * pixelRatio;
