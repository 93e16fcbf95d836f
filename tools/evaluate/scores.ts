/** Scores of one photograph, and their means over many. */
import { headMapsOf, meanMapOf, type HeadMaps } from '../../src/attention/head-maps.ts';
import type { Box } from '../../src/core/geometry.ts';
import { groupBy } from './group-by.ts';
import { jaccardOfObjects, maskOf } from './jaccard.ts';
import type { Objects } from './read-objects.ts';

export interface Scores {
  /** Figure 4 of the paper: for each object the head that fits it best. */
  readonly bestHead: number;
  /** The mask of the mean over heads. */
  readonly meanOverHeads: number;
  /** Each head by itself. */
  readonly heads: readonly number[];
}

const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

/** @param objects at least one; each counts the same */
export function scorePhoto(maps: HeadMaps, box: Box, objects: Objects): Scores {
  const { rows, columns } = maps;
  const scoreOf = (map: Float32Array) => jaccardOfObjects(maskOf(rows, columns, map), box, objects);
  const heads = headMapsOf(maps).map(scoreOf);
  const best = Float64Array.from({ length: objects.count }, (_, object) =>
    Math.max(...heads.map((scores) => scores[object] ?? 0)),
  );
  return {
    bestHead: mean(best),
    meanOverHeads: mean(scoreOf(meanMapOf(maps))),
    heads: heads.map(mean),
  };
}

export interface ScoredPhoto {
  readonly sequence: string | null;
  readonly scores: Scores;
}

export interface Average extends Scores {
  /** Standard error of the best head's mean: how far the choice of photographs moves it. Null where one alone was averaged. */
  readonly bestHeadError: number | null;
  readonly photographs: number;
  /** What was averaged last: sequences, and photographs that belong to none. */
  readonly units: number;
}

const averageScores = (scores: readonly Scores[]): Scores => ({
  bestHead: mean(scores.map(({ bestHead }) => bestHead)),
  meanOverHeads: mean(scores.map(({ meanOverHeads }) => meanOverHeads)),
  heads: (scores[0]?.heads ?? []).map((_, head) => mean(scores.map(({ heads }) => heads[head] ?? 0))),
});

function standardError(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

/** The frames of a sequence show one thing: they are averaged first, so that a long video counts no more than a short one. */
export function averagePhotos(photos: readonly ScoredPhoto[]): Average {
  const bySequence = groupBy(photos, ({ sequence }) => sequence);
  const units = [...bySequence].flatMap(([sequence, members]) => {
    const scores = members.map((member) => member.scores);
    return sequence === null ? scores : [averageScores(scores)];
  });
  return {
    ...averageScores(units),
    bestHeadError: standardError(units.map(({ bestHead }) => bestHead)),
    photographs: photos.length,
    units: units.length,
  };
}
