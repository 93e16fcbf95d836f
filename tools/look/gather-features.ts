/** Features of many photographs, one after the other: of each only a few vectors are kept. */
import { describeFailure } from '../../src/core/failure.ts';
import { pooledParts, type FeatureSettings } from '../../src/core/recognition.ts';
import { readPhoto } from '../photographs/read-photo.ts';
import type { ToolEngine } from './open-engine.ts';
import { countOf } from '../../src/core/count-of.ts';

export interface Gathered<T> {
  /** Those that could be read, in their order. */
  readonly items: readonly T[];
  /** CLS, mean and GeM of each, shape [N, 3, C] */
  readonly pooled: Float32Array;
  /** A sentence for each of the others. */
  readonly problems: readonly string[];
}

/** So many photographs between two lines of progress. */
const progressEvery = 500;

/** What is wrong with a photograph is printed at once, and the rest goes on. The next one is decoded while the network computes. */
export async function gatherFeatures<T extends { readonly path: string }>(
  engine: ToolEngine,
  photographs: readonly T[],
  settings: FeatureSettings,
): Promise<Gathered<T>> {
  const length = pooledParts * engine.model.embedDim;
  const pooled = new Float32Array(photographs.length * length);
  const items: T[] = [];
  const problems: string[] = [];
  const begun = performance.now();
  const [first] = photographs;
  let reading = first === undefined ? null : readPhoto(first.path);
  for (const [at, photograph] of photographs.entries()) {
    const read = await reading;
    const next = photographs[at + 1];
    reading = next === undefined ? null : readPhoto(next.path);
    if (read === null) break;
    const made = read.ok
      ? await engine.pool(settings, photograph.path, { pixels: read.value, notices: read.value.notices })
      : read;
    if (made.ok) {
      const { cls, mean, gem } = made.value.pooled;
      for (const [part, values] of [cls, mean, gem].entries())
        pooled.set(values, items.length * length + part * engine.model.embedDim);
      items.push(photograph);
    } else {
      const problem = `${photograph.path}: ${describeFailure(made.error)}`;
      console.error(problem);
      problems.push(problem);
    }
    if ((at + 1) % progressEvery !== 0) continue;
    const perSecond = ((at + 1) / (performance.now() - begun)) * 1000;
    console.log(
      `${at + 1} of ${countOf(photographs.length, 'photograph')}, ${perSecond.toFixed(1)} a second`,
    );
  }
  return { items, pooled: pooled.slice(0, items.length * length), problems };
}
