/**
 * Intermediate results of drawing a map, made on first use: its range, its order by value, interpolated grids,
 * coloured bitmaps, outlines. They are cached by the map's identity, so going back to another query or block costs
 * nothing. The cache is bounded in bytes.
 */
import {
  massMask,
  massThreshold,
  rankByMass,
  type MassRanking,
  type MassThreshold,
} from '../attention/mass-mask.ts';
import type { Size } from '../core/geometry.ts';
import { valueRange, type ValueRange } from '../attention/value-range.ts';
import { colourTable, type ColourMapName } from './colour-maps.ts';
import { composeMasks, divideMasks, type MaskPart } from './compose-masks.ts';
import { paintHeatMap, type Pixels } from './heat-map.ts';
import { mixColours } from './mix-colours.ts';
import type { Channel, ColouredMap, PatchValues } from './layers.ts';
import { outlineLevel, outlinePatches, outlinePath } from './mask-outline.ts';
import { BoundedCache } from './bounded-cache.ts';
import { repeatEdges } from './repeat-edges.ts';
import { upsampleSmooth, type Grid } from './upsample.ts';

/** Patches, height before width. */
export interface GridSize {
  readonly rows: number;
  readonly columns: number;
  /** How many times the outermost patches are repeated beyond each edge, where what was seen goes on there. */
  readonly rim: number;
}

/** The grid with its rim. @param factor samples a patch and direction */
export const drawnSize = ({ rows, columns, rim }: GridSize, factor = 1): Size => ({
  height: (rows + 2 * rim) * factor,
  width: (columns + 2 * rim) * factor,
});

/** The grids of some forty photographs with twelve heads, at the stage's size. */
const maxBytes = 96 * 1024 * 1024;

const cache = new BoundedCache(maxBytes);

const numbers = new WeakMap<PatchValues, number>();
let mapsSeen = 0;

/** A number for the map's identity. */
function numberOf(map: PatchValues): number {
  const known = numbers.get(map);
  if (known !== undefined) return known;
  mapsSeen += 1;
  numbers.set(map, mapsSeen);
  return mapsSeen;
}

const keyOf = (map: PatchValues, ...parts: readonly (string | number)[]): string =>
  [numberOf(map), ...parts].join(' ');

const gridBytes = ({ values }: Grid): number => values.byteLength;
const canvasBytes = ({ width, height }: OffscreenCanvas): number => width * height * 4;
/** SVG path data of so many characters becomes coordinates of about as many bytes. */
const pathBytes = ({ length }: { readonly length: number }): number => 4 * length;

function toBitmap({ width, height, rgba }: Pixels): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')?.putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas;
}

const rangeOf = (map: PatchValues): ValueRange =>
  cache.getOrMake(
    keyOf(map, 'range'),
    () => 16,
    () => valueRange({ values: map }),
  );

const rankingOf = (map: PatchValues): MassRanking =>
  cache.getOrMake(
    keyOf(map, 'ranking'),
    ({ order, cumulated, values }) => order.byteLength + cumulated.byteLength + values.byteLength,
    () => rankByMass(map),
  );

/** @param share of the map's sum that the mask keeps, 0..1 */
export const thresholdOf = (map: PatchValues, share: number): MassThreshold =>
  massThreshold(rankingOf(map), share);

/** @returns 1 for a patch that the mask keeps, shape [rows, columns] */
export const maskOf = (map: PatchValues, share: number): Uint8Array =>
  massMask(rankingOf(map), thresholdOf(map, share));

/** @param factor samples a patch and direction; 1 is the map itself, where there is no rim */
export function gridOf(map: PatchValues, size: GridSize, factor: number): Grid {
  const { rows, columns, rim } = size;
  if (map.length !== rows * columns)
    throw new Error(`a map of [${rows}, ${columns}] = ${rows * columns} patches, got ${map.length} values`);
  const source = { height: rows, width: columns, values: map };
  if (factor === 1 && rim === 0) return source;
  return cache.getOrMake(keyOf(map, 'grid', factor, rim), gridBytes, () =>
    repeatEdges(factor === 1 ? source : upsampleSmooth(source, factor), rim * factor),
  );
}

export function heatOf(
  map: PatchValues,
  size: GridSize,
  factor: number,
  colours: ColourMapName,
  range: ValueRange | null,
): OffscreenCanvas {
  const { min, max } = range ?? rangeOf(map);
  return cache.getOrMake(keyOf(map, 'heat', factor, size.rim, colours, min, max), canvasBytes, () =>
    toBitmap(paintHeatMap(gridOf(map, size, factor), min, max, colourTable(colours))),
  );
}

/** @param channels as in `RgbLayer` */
export function rgbOf(
  channels: readonly Channel[],
  kept: PatchValues | null,
  size: GridSize,
  factor: number,
): OffscreenCanvas {
  const names = channels.map(({ map, scale }) => `${numberOf(map)}:${JSON.stringify(scale)}`);
  const key = `rgb ${names.join(' ')} ${kept === null ? '' : numberOf(kept)} ${factor} ${size.rim}`;
  return cache.getOrMake(key, canvasBytes, () =>
    toBitmap(
      mixColours(
        channels.map(({ map, scale }) => ({ grid: gridOf(map, size, factor), scale })),
        kept === null ? null : gridOf(kept, size, factor),
        drawnSize(size, factor),
      ),
    ),
  );
}

interface Outline {
  readonly path: Path2D;
  readonly length: number;
}

const toOutline = (rings: ReturnType<typeof outlinePatches>): Outline => {
  const data = outlinePath(rings);
  return { path: new Path2D(data), length: data.length };
};

/** A mask of patches, with its rim. @param kept shape [rows, columns] */
function outlineKept(kept: Uint8Array, { rows, columns, rim }: GridSize): Outline {
  const { height, width, values } = repeatEdges({ height: rows, width: columns, values: kept }, rim);
  return toOutline(outlinePatches(values, height, width));
}

/** @returns the mask's edge in patch coordinates from the rim's corner, to be filled by the even-odd rule */
export const outlineOf = (map: PatchValues, size: GridSize, factor: number, share: number): Path2D =>
  cache.getOrMake(keyOf(map, 'outline', factor, size.rim, share), pathBytes, () =>
    factor === 1
      ? outlineKept(maskOf(map, share), size)
      : toOutline(outlineLevel(gridOf(map, size, factor), thresholdOf(map, share).level, factor)),
  ).path;

export interface ComposedMasks {
  readonly picture: OffscreenCanvas;
  /** For each mask the edge of what is its own, in patch coordinates from the rim's corner. */
  readonly outlines: readonly Path2D[];
}

function partOf({ map, colour }: ColouredMap, size: GridSize, factor: number, share: number): MaskPart {
  const { level } = thresholdOf(map, share);
  const part = { grid: gridOf(map, size, factor), level, max: rangeOf(map).max, colour };
  if (factor > 1) return part;
  const source = { height: size.rows, width: size.columns, values: maskOf(map, share) };
  return { ...part, kept: repeatEdges(source, size.rim).values };
}

/** Rings of one mask's own places. */
function ownOutline(own: Float32Array, { height, width }: Grid, factor: number): Outline {
  if (factor > 1) return toOutline(outlineLevel({ height, width, values: own }, 0, factor));
  const kept = Uint8Array.from(own, (value) => (value > 0 ? 1 : 0));
  return toOutline(outlinePatches(kept, height, width));
}

/** @param masks at least one, all of one size */
export function composedOf(
  masks: readonly ColouredMap[],
  size: GridSize,
  factor: number,
  share: number,
): ComposedMasks {
  const names = masks.map(({ map, colour }) => `${numberOf(map)}:${colour.join(',')}`);
  const made = cache.getOrMake(
    `masks ${names.join(' ')} ${factor} ${size.rim} ${share}`,
    ({ picture, lengths }) => canvasBytes(picture) + 4 * lengths,
    () => {
      const parts = masks.map((mask) => partOf(mask, size, factor, share));
      const own = divideMasks(parts);
      const outlines = parts.map(({ grid }, at) => ownOutline(own[at] as Float32Array, grid, factor));
      return {
        picture: toBitmap(composeMasks(parts, own)),
        outlines: outlines.map(({ path }) => path),
        lengths: outlines.reduce((sum, { length }) => sum + length, 0),
      };
    },
  );
  return made;
}
