/** One map of a photograph → layers: in colours, or as the mask that keeps its largest values. */
import type { Frame } from '../core/frame.ts';
import type { Rgb } from './colour-maps.ts';
import type { Layer, PatchValues } from './layers.ts';
import type { SharedDrawing } from './shared-drawing.ts';

export interface MapDrawing {
  readonly style: 'heat' | 'mask';
  /** Per cent of the map's sum that the mask keeps. */
  readonly mass: number;
  /** Interpolated between patches, or patch by patch. */
  readonly smooth: boolean;
  /** A line around each mask. */
  readonly contour: boolean;
}

interface MapLayersOptions extends MapDrawing {
  readonly colour: Rgb;
  /** The mask's edge on a heat map, too. */
  readonly heatContour?: boolean;
}

export function mapLayers(
  frame: Frame,
  map: PatchValues,
  { style, mass, smooth, contour, colour, heatContour = false }: MapLayersOptions,
  { colours, opacityPercent }: SharedDrawing,
): Layer[] {
  const [share, opacity] = [mass / 100, opacityPercent / 100];
  const outline: Layer = { kind: 'outline', frame, map, share, smooth, colour };
  return style === 'mask'
    ? [{ kind: 'veil', frame, map, share, smooth, opacity }, ...(contour ? [outline] : [])]
    : [
        { kind: 'scalar', frame, map, colours, range: null, smooth, opacity },
        ...(heatContour ? [outline] : []),
      ];
}
