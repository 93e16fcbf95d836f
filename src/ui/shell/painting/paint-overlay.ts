import { formatColour, type Rgb } from '../../../render/colour-maps.ts';
import { headColours } from '../../../render/head-colours.ts';
import type { Box, PatchPosition } from '../../../core/geometry.ts';
import { hasContour, isSmooth, type OverlaySettings, type View } from '../../state/settings.ts';
import type { ResultMaps } from './result-maps.ts';

export interface OverlayTarget {
  /** Where on the surface the maps lie, in the surface's px. */
  readonly box: Box;
  readonly detail: 'stage' | 'tile';
  /** Width of a contour in the surface's px. */
  readonly lineWidthPx: number;
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

const meanColour: Rgb = [255, 255, 255];
/** What dims the photograph where nobody looks. Near black in both themes: it belongs to the picture, not to the page. */
const veil = 'rgb(8 8 10)';

export const viewColour = (view: number | 'mean', numHeads: number): Rgb =>
  (view === 'mean' ? null : headColours(numHeads)[view]) ?? meanColour;

/** Patch coordinates → the surface. */
function placePath(path: Path2D, box: Box, rows: number, columns: number): Path2D {
  const placed = new Path2D();
  placed.addPath(path, { a: box.width / columns, d: box.height / rows, e: box.left, f: box.top });
  return placed;
}

/** @param outlined a dark line under the coloured one, which is seen on any photograph */
function strokeContour(
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

function drawCells(context: Context, cells: OffscreenCanvas, box: Box, smooth: boolean): void {
  context.imageSmoothingEnabled = smooth;
  context.imageSmoothingQuality = 'high';
  context.drawImage(cells, box.left, box.top, box.width, box.height);
}

/** Draws what `view` shows over a surface that holds the photograph, or over a transparent one laid on it. */
export function paintOverlay(
  context: Context,
  maps: ResultMaps,
  view: View,
  settings: OverlaySettings,
  { box, detail, lineWidthPx }: OverlayTarget,
): void {
  const { rows, columns, numHeads } = maps.result;
  const { style, colourMap } = settings;
  const smooth = isSmooth(view, settings);
  const contour = hasContour(view, settings);
  const share = settings.massPercent / 100;
  const opacity = settings.opacityPercent / 100;
  const factor = maps.factorFor(smooth, detail);
  const outlineOf = (key: number | 'mean'): Path2D =>
    placePath(maps.drawing(key).outline(share, maps.outlineFactor(smooth)), box, rows, columns);
  context.save();

  if (view === 'all') {
    context.globalAlpha = opacity * 0.72;
    context.fillStyle = veil;
    context.fillRect(box.left, box.top, box.width, box.height);
    context.globalAlpha = opacity;
    drawCells(context, maps.composed(share, maps.outlineFactor(smooth)), box, smooth);
    context.globalAlpha = 1;
    if (contour) {
      // Many lines would hide what they enclose: the more heads, the thinner.
      const thinner = lineWidthPx * Math.min(0.8, (4 / numHeads) ** 0.75);
      for (let head = 0; head < numHeads; head += 1) {
        strokeContour(context, outlineOf(head), viewColour(head, numHeads), thinner, false);
      }
    }
    context.restore();
    return;
  }

  context.globalAlpha = opacity;
  if (style === 'heat') drawCells(context, maps.drawing(view).heat(colourMap, factor), box, smooth);
  const outline = style === 'mask' || contour ? outlineOf(view) : null;
  if (style === 'mask' && outline) {
    const outside = new Path2D(outline);
    outside.rect(box.left, box.top, box.width, box.height);
    context.fillStyle = veil;
    context.fill(outside, 'evenodd');
  }
  context.globalAlpha = 1;
  if (contour && outline) strokeContour(context, outline, viewColour(view, numHeads), lineWidthPx, true);
  context.restore();
}

/**
 * The patch that looks: a light line between dark ones, which is seen on any photograph and in any colour map. It lies around the patch,
 * so that the patch itself stays to be seen.
 */
export function paintPatchMark(
  context: Context,
  { row, column }: PatchPosition,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  { box, lineWidthPx }: Pick<OverlayTarget, 'box' | 'lineWidthPx'>,
): void {
  const patch = { height: box.height / rows, width: box.width / columns };
  const left = box.left + column * patch.width - lineWidthPx;
  const top = box.top + row * patch.height - lineWidthPx;
  const width = patch.width + 2 * lineWidthPx;
  const height = patch.height + 2 * lineWidthPx;
  context.save();
  context.lineJoin = 'miter';
  context.strokeStyle = 'rgb(0 0 0)';
  context.lineWidth = lineWidthPx * 3;
  context.strokeRect(left, top, width, height);
  context.strokeStyle = 'rgb(255 255 255)';
  context.lineWidth = lineWidthPx * 1.25;
  context.strokeRect(left, top, width, height);
  context.restore();
}

/** @returns where the maps lie when the whole photograph is drawn at `scale` */
export const scaleBox = (box: Box, scale: { readonly x: number; readonly y: number }): Box => ({
  top: box.top * scale.y,
  left: box.left * scale.x,
  height: box.height * scale.y,
  width: box.width * scale.x,
});
