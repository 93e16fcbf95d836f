/** Compares the attention of a checkpoint and of its conversion on the sample photographs. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { headMapsOf } from '../../src/attention/head-maps.ts';
import { FailureError, failureOf, type Failure } from '../../src/core/failure.ts';
import { fail, succeed, type Result } from '../../src/core/result.ts';
import { headsContract, type HeadsResult } from '../../src/lenses/heads/contract.ts';
import type { ModelLoader } from '../../src/models/loaded-model.ts';
import { maxAbsDifference } from '../../src/core/max-abs-difference.ts';
import { openEngine } from '../look/open-engine.ts';
import { readPhoto } from '../photographs/read-photo.ts';
import { rankCorrelation } from './rank-correlation.ts';

const samples = fileURLToPath(new URL('../../public/samples', import.meta.url));
const framing = { shape: 'photograph', sidePx: 224 } as const;

/** Beyond these bounds a mask shows other patches. For each head on each photograph. */
export const checkBounds = {
  /** Of the map's largest value. */
  difference: 0.05,
  rankCorrelation: 0.99,
};

export interface HeadCheck {
  readonly head: number;
  /** The largest |source − result| over all photographs, absolute and of its map's largest value. */
  readonly difference: number;
  readonly relativeDifference: number;
  /** Spearman's of the patches' order, the lowest over all photographs. */
  readonly rankCorrelation: number;
}

function valueOf<T>(result: Result<T, Failure>): T {
  if (!result.ok) throw new FailureError(result.error);
  return result.value;
}

/** @returns each sample photograph's maps */
async function attendSamples(load: ModelLoader): Promise<HeadsResult[]> {
  const engine = await openEngine(load);
  try {
    const list = JSON.parse(await readFile(join(samples, 'samples.json'), 'utf8')) as { id: string }[];
    const results: HeadsResult[] = [];
    for (const { id } of list) {
      const photo = { pixels: valueOf(await readPhoto(join(samples, `${id}.jpg`))), notices: [] };
      const { params } = headsContract;
      results.push(valueOf(await engine.look('heads', params.defaults, id, photo, framing)).result);
    }
    return results;
  } finally {
    engine.dispose();
  }
}

function checkHead(head: number, pairs: readonly (readonly [HeadsResult, HeadsResult])[]): HeadCheck {
  const checks = pairs.map(([source, result]) => {
    const [a, b] = [headMapsOf(source)[head], headMapsOf(result)[head]] as [Float32Array, Float32Array];
    const difference = maxAbsDifference(a, b);
    const largest = a.reduce((most, value) => Math.max(most, value), 0);
    return { difference, relative: difference / largest, correlation: rankCorrelation(a, b) };
  });
  return {
    head,
    difference: Math.max(...checks.map(({ difference }) => difference)),
    relativeDifference: Math.max(...checks.map(({ relative }) => relative)),
    rankCorrelation: Math.min(...checks.map(({ correlation }) => correlation)),
  };
}

async function compare(source: ModelLoader, result: ModelLoader): Promise<HeadCheck[]> {
  const expected = await attendSamples(source);
  const actual = await attendSamples(result);
  const pairs = expected.map((each, i) => [each, actual[i] ?? each] as const);
  const { numHeads = 0 } = expected[0] ?? {};
  return Array.from({ length: numHeads }, (_, head) => checkHead(head, pairs));
}

/** Runs both models on the wasm back end, 224 px on the long side. */
export async function checkAttention(
  source: ModelLoader,
  result: ModelLoader,
): Promise<Result<HeadCheck[], Failure>> {
  try {
    return succeed(await compare(source, result));
  } catch (error) {
    const failure = failureOf(error);
    if (failure === null) throw error;
    return fail(failure);
  }
}

/** @returns whether it is within the bounds; false for NaN */
export const isWithinBounds = (check: HeadCheck): boolean =>
  check.relativeDifference <= checkBounds.difference && check.rankCorrelation >= checkBounds.rankCorrelation;
