/** Heads of one block → layers: all in their colours, their mean, or one of them. */
import { headMapsOf, meanMapOf, type HeadMaps } from '../attention/head-maps.ts';
import type { Frame } from '../core/frame.ts';
import type { Rgb } from './colour-maps.ts';
import { headColours } from './head-colours.ts';
import type { Layer } from './layers.ts';
import { mapLayers, type MapDrawing } from './map-layers.ts';
import type { SharedDrawing } from './shared-drawing.ts';

/** All heads in their colours, their mean, or one head (0-based). */
export type HeadChoice = 'all' | 'mean' | number;

export interface HeadDrawing extends MapDrawing {
  readonly view: HeadChoice;
  /** Heads that are left out where all are shown; 0-based. */
  readonly hidden: readonly number[];
  /** The mask's edge on a heat map. */
  readonly heatContour: boolean;
}

const meanColour: Rgb = [255, 255, 255];

/** @returns the head's colour, the same wherever it is named */
export const colourOfHead = (head: number | 'mean', numHeads: number): Rgb =>
  (head === 'mean' ? null : headColours(numHeads)[head]) ?? meanColour;

/** As people count them. */
export const headTitle = (view: HeadChoice): string =>
  view === 'all' ? 'All heads' : view === 'mean' ? 'Mean' : `Head ${view + 1}`;

/** @returns the choice, or all heads where the network does not have the chosen one */
export const headWithin = (view: HeadChoice, { numHeads }: { readonly numHeads: number }): HeadChoice =>
  typeof view === 'number' && view >= numHeads ? 'all' : view;

/** Whether the mask is visible: as a mask, or as a line on a heat map. */
export const showsMask = ({ view, style, heatContour }: HeadDrawing): boolean =>
  view === 'all' || style === 'mask' || heatContour;

/** @returns the map of one head or of their mean, the same array each time */
export const mapOf = (heads: HeadMaps, head: number | 'mean'): Float32Array =>
  head === 'mean' ? meanMapOf(heads) : (headMapsOf(heads)[head] as Float32Array);

export function headLayers(
  frame: Frame,
  heads: HeadMaps,
  drawing: HeadDrawing,
  shared: SharedDrawing,
): Layer[] {
  const { hidden, mass, smooth, contour } = drawing;
  const view = headWithin(drawing.view, heads);
  if (view !== 'all') {
    const colour = colourOfHead(view, heads.numHeads);
    return mapLayers(frame, mapOf(heads, view), { ...drawing, colour }, shared);
  }
  const masks = headMapsOf(heads)
    .map((map, head) => ({ map, head, colour: colourOfHead(head, heads.numHeads) }))
    .filter(({ head }) => !hidden.includes(head));
  const [share, opacity] = [mass / 100, shared.opacityPercent / 100];
  return [{ kind: 'masks', frame, masks, share, smooth, opacity, contour }];
}
