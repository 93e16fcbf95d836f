/** npm run look -- look-alikes: each photograph's nearest others, and groups of photographs that are nearly the same. */
import { join } from 'node:path';
import { defineCodec, realNumber, wholeNumber } from '../../src/core/codec.ts';
import { toCsv } from '../../src/core/csv.ts';
import { plainDots } from '../../src/recognise/dot-products.ts';
import { featureVectors } from '../../src/recognise/feature-vectors.ts';
import { findNeighbours } from '../../src/recognise/knn.ts';
import { groupLookAlikes, usualThreshold } from '../../src/recognise/look-alikes.ts';
import { photographUsage } from '../photographs/find-photographs.ts';
import { readOptions, stopWithout } from '../read-options.ts';
import { makeFolder } from '../file-problem.ts';
import { stopWith } from '../stop-with.ts';
import { writeWhole } from '../write-whole.ts';
import { photographsOf } from './batch.ts';
import { optionsOf, readFields } from './codec-options.ts';
import { gatherFeatures } from './gather-features.ts';
import { recogniseCodec, recogniseOptions, recogniseUsage } from './recognise-options.ts';
import { openFor } from './recognised.ts';
import { countOf } from '../../src/core/count-of.ts';

const codec = recogniseCodec({ feature: 'copy', framing: 'square' });
const cosine = realNumber({ defaultValue: 1, min: -1, max: 1, help: '' });
const alikeCodec = defineCodec<{ readonly count: number; readonly threshold: number | 'usual' }>({
  count: wholeNumber({
    defaultValue: 5,
    min: 1,
    max: 1000,
    help: 'how many of the nearest others are told of each',
  }),
  threshold: {
    defaultValue: 'usual',
    form: 'usual|a number from -1 to 1',
    help: 'two photographs with at least this cosine are nearly the same; usual depends on the cosines of all',
    read: (text) => (text === 'usual' ? text : cosine.read(text)),
    write: String,
  },
});

const usage = `Usage: npm run look -- look-alikes <images…> [options]

Writes look-alikes.csv (photograph, rank, other, cosine) and look-alike-groups.csv (group, photograph): photographs that hang together by pairs
that are nearly the same.

${photographUsage}

${recogniseUsage({ ...alikeCodec.fields, ...codec.fields })}`;

/** @param args without the word 'look-alikes' @returns the command's exit code */
export async function writeLookAlikes(args: readonly string[]): Promise<number> {
  const { values: options, positionals: images } = readOptions(
    {
      args: [...args],
      allowPositionals: true,
      options: { ...recogniseOptions, ...optionsOf(codec, alikeCodec) },
    },
    usage,
  );
  if (options.help) stopWith(usage, 0);
  if (images.length === 0) stopWithout('at least one image', usage);
  const params = readFields(codec, options);
  const { count, threshold } = readFields(alikeCodec, options);
  const found = await photographsOf(images, options.out);
  const { engine, settings } = await openFor(options, params);
  await makeFolder(options.out);
  for (const problem of found.problems) console.error(problem);
  const gathered = await gatherFeatures(
    engine,
    found.paths.map((path) => ({ path })),
    settings,
  );
  const { items, pooled, problems } = gathered;
  const vectors = featureVectors(pooled, engine.model.embedDim, params.feature);
  const dots = plainDots(vectors, vectors);
  const { k, ...nearest } = await findNeighbours({
    queries: items.length,
    bank: items.length,
    k: Math.min(count, Math.max(0, items.length - 1)),
    dots,
    own: items.map((_, item) => item),
  });
  const pathOf = (item: number): string => items[item]?.path ?? '';
  const rows = Array.from(nearest.items, (other, at) => [
    pathOf(Math.floor(at / k)),
    String((at % k) + 1),
    pathOf(other),
    (nearest.cosines[at] as number).toFixed(6),
  ]);
  const least = threshold === 'usual' ? usualThreshold(vectors) : threshold;
  const groups = await groupLookAlikes(items.length, dots, least);
  const members = groups.flatMap((group, at) => group.map((item) => [String(at + 1), pathOf(item)]));
  await writeWhole(
    join(options.out, 'look-alikes.csv'),
    toCsv([['photograph', 'rank', 'other', 'cosine'], ...rows]),
  );
  await writeWhole(join(options.out, 'look-alike-groups.csv'), toCsv([['group', 'photograph'], ...members]));
  engine.dispose();
  console.log(
    `${countOf(items.length, 'photograph')}, ${countOf(groups.length, 'group')} with cosines from ${least.toFixed(4)} on`,
  );
  return found.problems.length + problems.length === 0 ? 0 : 1;
}
