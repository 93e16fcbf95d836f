import { headMap, type HeadMaps, meanMap, type PatchMap, queryMaps } from '../../../attention/head-maps.ts';
import { valueRange, type ValueRange } from '../../../attention/value-range.ts';
import {
  type MassRanking,
  type MassThreshold,
  massMask,
  massThreshold,
  rankByMass,
} from '../../../attention/mass-mask.ts';
import { type ColourMapName, colourTable } from '../../../render/colour-maps.ts';
import { composeHeads } from '../../../render/compose-heads.ts';
import { headColours } from '../../../render/head-colours.ts';
import { paintHeatMap, type Pixels } from '../../../render/heat-map.ts';
import { outlineLevel, outlinePatches, outlinePath } from '../../../render/mask-outline.ts';
import { type Grid, upsampleSmooth } from '../../../render/upsample.ts';
import type { AttentionResult } from '../../../rpc/engine-contract.ts';
import { isPatch, type Query } from '../../state/query.ts';

/** One map: a head's (0-based) or the mean over all. */
export type MapKey = 'mean' | number;

/** Above this many patches the grids get coarser, so that the work of a frame stays the same. */
const manyPatches = 2500;

/** Remembers the last value only: a slider asks for one after the other. */
function rememberLast<K extends string, V>(): (key: K, make: () => V) => V {
  let last: { key: K; value: V } | null = null;
  return (key, make) => {
    if (last?.key !== key) last = { key, value: make() };
    return last.value;
  };
}

const toBitmap = ({ width, height, rgba }: Pixels): OffscreenCanvas => {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')?.putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas;
};

export interface PrepareOptions {
  readonly share: number;
  readonly smooth: boolean;
  readonly detail: 'stage' | 'tile';
  readonly outlined: boolean;
}

/** What preparing may take of a frame. */
const prepareMs = 5;

/** What one map needs for drawing, made when first asked for. */
class MapDrawing {
  readonly map: PatchMap;
  readonly range: ValueRange;
  readonly ranking: MassRanking;
  readonly #grids = new Map<number, Grid>();
  readonly #heat = new Map<number, (key: string, make: () => OffscreenCanvas) => OffscreenCanvas>();
  readonly #path = rememberLast<string, Path2D>();
  hasOutline = false;

  constructor(map: PatchMap) {
    this.map = map;
    this.range = valueRange(map);
    this.ranking = rankByMass(map.values);
  }

  threshold(share: number): MassThreshold {
    return massThreshold(this.ranking, share);
  }

  /** @param factor samples a patch; 1 is the map itself */
  grid(factor: number): Grid {
    const known = this.#grids.get(factor);
    if (known) return known;
    const source = { height: this.map.rows, width: this.map.columns, values: this.map.values };
    const grid = factor === 1 ? source : upsampleSmooth(source, factor);
    this.#grids.set(factor, grid);
    return grid;
  }

  heat(colourMap: ColourMapName, factor: number): OffscreenCanvas {
    const remember = this.#heat.get(factor) ?? rememberLast<string, OffscreenCanvas>();
    this.#heat.set(factor, remember);
    const { min, max } = this.range;
    return remember(colourMap, () =>
      toBitmap(paintHeatMap(this.grid(factor), min, max, colourTable(colourMap))),
    );
  }

  /** The mask's edge in patch coordinates, to be filled by the even-odd rule. */
  outline(share: number, factor: number): Path2D {
    this.hasOutline = true;
    return this.#path(`${share} ${factor}`, () => {
      const threshold = this.threshold(share);
      const { rows, columns } = this.map;
      const rings =
        factor === 1
          ? outlinePatches(massMask(this.ranking, threshold), rows, columns)
          : outlineLevel(this.grid(factor), threshold.level, factor);
      return new Path2D(outlinePath(rings));
    });
  }
}

/** Everything drawn from one result and the token that looks. */
export class ResultMaps {
  readonly result: AttentionResult;
  readonly query: Query;
  readonly #source: HeadMaps;
  readonly #drawings = new Map<MapKey, MapDrawing>();
  readonly #composed = new Map<number, (key: string, make: () => OffscreenCanvas) => OffscreenCanvas>();

  constructor(result: AttentionResult, query: Query) {
    this.result = result;
    this.query = query;
    this.#source = isPatch(query) ? query : queryMaps(result, query);
  }

  drawing(key: MapKey): MapDrawing {
    const known = this.#drawings.get(key);
    if (known) return known;
    const drawing = new MapDrawing(key === 'mean' ? meanMap(this.#source) : headMap(this.#source, key));
    this.#drawings.set(key, drawing);
    return drawing;
  }

  /** Samples a patch for a surface; 1 draws the patches themselves. */
  factorFor(smooth: boolean, detail: 'stage' | 'tile'): number {
    if (!smooth) return 1;
    const many = this.result.rows * this.result.columns > manyPatches;
    if (detail === 'tile') return many ? 2 : 3;
    return many ? 4 : 6;
  }

  /** The factor of outlines: coarser than the colours, for lines are drawn through between the samples. */
  outlineFactor(smooth: boolean): number {
    return this.factorFor(smooth, 'tile');
  }

  /**
   * Makes what a first painting needs of every map (ranking, interpolated grids, an outline), a few milliseconds at a
   * time. Later paintings find it there, and only make what a slider has changed.
   * @returns whether all is there
   */
  prepare(keys: readonly MapKey[], { share, smooth, detail, outlined }: PrepareOptions): boolean {
    const start = performance.now();
    for (const key of keys) {
      if (performance.now() - start > prepareMs) return false;
      const drawing = this.drawing(key);
      drawing.grid(this.factorFor(smooth, detail));
      if (outlined && !drawing.hasOutline) drawing.outline(share, this.outlineFactor(smooth));
    }
    return true;
  }

  /** All heads' masks in their colours. */
  composed(share: number, factor: number): OffscreenCanvas {
    const remember = this.#composed.get(factor) ?? rememberLast<string, OffscreenCanvas>();
    this.#composed.set(factor, remember);
    return remember(String(share), () => {
      const layers = headColours(this.result.numHeads).map((colour, head) => {
        const drawing = this.drawing(head);
        const threshold = drawing.threshold(share);
        const mask = factor === 1 ? massMask(drawing.ranking, threshold) : { level: threshold.level };
        return { grid: drawing.grid(factor), ...drawing.range, colour, mask };
      });
      return toBitmap(composeHeads(layers));
    });
  }
}

/** The last results that were looked at; older ones' grids are made again when somebody comes back to them. */
const keptResults = 4;
const recent = new Map<AttentionResult, ResultMaps>();

export function mapsOf(result: AttentionResult, query: Query): ResultMaps {
  const known = recent.get(result);
  const maps = known?.query === query ? known : new ResultMaps(result, query);
  // A Map keeps the order of insertion: what is used goes to the end, what is first has waited longest.
  recent.delete(result);
  recent.set(result, maps);
  for (const [oldest] of recent) {
    if (recent.size <= keptResults) break;
    recent.delete(oldest);
  }
  return maps;
}
