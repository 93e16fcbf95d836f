/** Scores of one photograph, and their means over many. */
import { headMapsOf, meanMapOf, type HeadMaps } from '../../src/attention/head-maps.ts';
import { largestPart } from '../../src/core/connected-part.ts';
import { boxOfMask, type MaskGrid } from '../../src/core/found-mask.ts';
import type { Box } from '../../src/core/geometry.ts';
import {
  bestFit,
  bestOverlap,
  countCells,
  foundOverlap,
  jaccardOfObjects,
  meanOf,
  type CellCounts,
} from '../../src/score/fit.ts';
import { boxesOfObjects, type Objects } from '../../src/score/objects.ts';
import { groupBy } from './group-by.ts';
import { maskOf, type PatchMask } from './head-masks.ts';

/** How well one mask and its box fit. */
export interface Fit {
  /** Jaccard index of the mask, averaged over the photograph's objects. */
  readonly jaccard: number;
  /** 1 where the box has found an object, else 0; over many photographs their share, CorLoc. */
  readonly found: number;
}

export interface Scores {
  /** Figure 4 of the paper: for each object the head that fits it best; found where a head's box has found an object. */
  readonly bestHead: Fit;
  /** The mask of the mean over heads. */
  readonly meanOverHeads: Fit;
  /** Each head by itself. */
  readonly heads: readonly Fit[];
}

/** What the objects of a photograph are compared by, for all masks on one grid. */
export interface Truth {
  readonly counts: CellCounts;
  readonly boxes: readonly Box[];
}

/** @param objects at least one; each counts the same */
export const truthOf = (objects: Objects, grid: MaskGrid): Truth => ({
  counts: countCells(objects, grid),
  boxes: boxesOfObjects(objects, grid.photoSizePx),
});

/** @param box the rectangle that is claimed; null for none */
export const fitOf = (mask: ArrayLike<number>, box: Box | null, { counts, boxes }: Truth): Fit => ({
  jaccard: meanOf(jaccardOfObjects(mask, counts)),
  found: bestOverlap(box, boxes) >= foundOverlap ? 1 : 0,
});

/** The box holds the largest connected part alone, as in the baseline "DINO-seg" of LOST (Siméoni et al., 2021). */
export const fitOfMass = ({ kept }: PatchMask, grid: MaskGrid, truth: Truth): Fit =>
  fitOf(kept, boxOfMask(largestPart(kept, grid), grid), truth);

export function scoreHeads(maps: HeadMaps, grid: MaskGrid, truth: Truth): Scores {
  const { rows, columns } = maps;
  const masks = headMapsOf(maps).map((map) => maskOf(rows, columns, map));
  const heads = masks.map((mask) => fitOfMass(mask, grid, truth));
  return {
    bestHead: {
      jaccard: bestFit(masks.map(({ kept }) => jaccardOfObjects(kept, truth.counts))),
      found: Math.max(...heads.map(({ found }) => found)),
    },
    meanOverHeads: fitOfMass(maskOf(rows, columns, meanMapOf(maps)), grid, truth),
    heads,
  };
}

/** What was found of one photograph. */
export interface ScoredPhoto {
  readonly sequence: string | null;
  /** By the name of what was scored: a head, a method. */
  readonly fits: Readonly<Record<string, Fit>>;
}

/** A share or an index over many photographs. */
export interface Average {
  readonly mean: number;
  /** Standard error: how far the choice of photographs moves the mean. Null where one alone was averaged. */
  readonly error: number | null;
}

export interface FitAverage {
  readonly jaccard: Average;
  readonly corLoc: Average;
}

export interface Averages {
  readonly photographs: number;
  /** What was averaged last: sequences, and photographs that belong to none. */
  readonly units: number;
  /** By the names of `ScoredPhoto.fits`. */
  readonly fits: Readonly<Record<string, FitAverage>>;
}

function averageOf(values: readonly number[]): Average {
  const mean = meanOf(values);
  if (values.length < 2) return { mean, error: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (values.length - 1) / values.length) };
}

/** The frames of a sequence show one thing: they are averaged first, so that a long video counts no more than a short one. */
export function averagePhotos(photos: readonly ScoredPhoto[]): Averages {
  const bySequence = groupBy(photos, ({ sequence }) => sequence);
  const units = [...bySequence].flatMap(([sequence, members]) =>
    sequence === null ? members.map((member) => [member]) : [members],
  );
  const average = (name: string, valueOf: (fit: Fit) => number): Average =>
    averageOf(
      units.map((members) =>
        meanOf(members.map(({ fits }) => valueOf(fits[name] ?? { jaccard: NaN, found: NaN }))),
      ),
    );
  const names = Object.keys(photos[0]?.fits ?? {});
  return {
    photographs: photos.length,
    units: units.length,
    fits: Object.fromEntries(
      names.map((name) => [
        name,
        { jaccard: average(name, ({ jaccard }) => jaccard), corLoc: average(name, ({ found }) => found) },
      ]),
    ),
  };
}
