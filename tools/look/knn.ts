/** npm run look -- knn: classes of photographs by their nearest neighbours, as the official eval_knn.py tells them. */
import { wholeNumber, defineCodec } from '../../src/core/codec.ts';
import { plainDots } from '../../src/recognise/dot-products.ts';
import { featureVectors } from '../../src/recognise/feature-vectors.ts';
import { accuracyOf, findNeighbours, vote } from '../../src/recognise/knn.ts';
import { readOptions } from '../read-options.ts';
import { stopWith } from '../stop-with.ts';
import { makeFolder } from './batch.ts';
import { optionsOf, readFields } from './codec-options.ts';
import { recogniseCodec, recogniseOptions, recogniseUsage } from './recognise-options.ts';
import {
  classesIn,
  classOptions,
  classUsage,
  confusionRows,
  gatherClasses,
  openFor,
  percent,
  predictionsByPath,
  writeFacts,
} from './recognised.ts';

const codec = recogniseCodec({ feature: 'cls', framing: 'official' });
const voteCodec = defineCodec<{ readonly k: number }>({
  k: wholeNumber({
    defaultValue: 20,
    min: 1,
    max: 1000,
    help: 'how many neighbours vote, or as many as there are',
  }),
});

const usage = `Usage: npm run look -- knn --classes <folder of folders> [--test <folder of folders>] [options]

Each photograph's class by the votes of its nearest neighbours, exp(cosine / 0.07) each, as in DINO's paper. Without --test each photograph of
--classes is asked of the others (leave one out). Writes knn.json: accuracy, predictions by path, the confusion matrix [true, predicted],
and the neighbours with their cosines.

${classUsage}
${recogniseUsage({ ...voteCodec.fields, ...codec.fields })}`;

/** @param args without the word 'knn' @returns the command's exit code */
export async function writeNeighbours(args: readonly string[]): Promise<number> {
  const { values: options } = readOptions(
    {
      args: [...args],
      options: { ...recogniseOptions, ...classOptions, ...optionsOf(codec, voteCodec) },
    },
    usage,
  );
  if (options.help || options.classes === undefined) stopWith(usage, options.help ? 0 : 2);
  const params = readFields(codec, options);
  const { k } = readFields(voteCodec, options);
  const { engine, settings } = await openFor(options, params);
  await makeFolder(options.out);
  const folders = { classes: options.classes, test: options.test };
  const { classNames, learned, tested, failures } = await gatherClasses(engine, settings, folders);
  const { embedDim } = engine.model;
  const bank = featureVectors(learned.pooled, embedDim, params.feature);
  const queries = tested === null ? bank : featureVectors(tested.pooled, embedDim, params.feature);
  const { items } = tested ?? learned;
  const classesOfBank = classesIn(learned.items, classNames);
  const neighbours = await findNeighbours({
    queries: queries.count,
    bank: bank.count,
    k: Math.min(k, bank.count),
    dots: plainDots(queries, bank),
    counts: (item) => (classesOfBank[item] as number) >= 0,
    ...(tested === null ? { own: items.map((_, item) => item) } : {}),
  });
  const { predictions } = vote(neighbours, classesOfBank, classNames.length);
  const classes = classesIn(items, classNames);
  const accuracy = accuracyOf(predictions, classes);
  const rows = items.map(({ path }, query): [string, unknown] => {
    const of = Array.from(neighbours.items.subarray(query * neighbours.k, (query + 1) * neighbours.k));
    const pairs = of.flatMap((item, rank) => {
      const cosine = neighbours.cosines[query * neighbours.k + rank] as number;
      return item < 0 ? [] : [[learned.items[item]?.path, Number(cosine.toFixed(6))]];
    });
    return [path, pairs];
  });
  const facts = {
    accuracy,
    way: tested === null ? 'leave one out' : 'test',
    model: engine.model,
    backend: engine.engine.backend.name,
    k,
    feature: params.feature,
    ...settings,
    classes: classNames,
    predictions: predictionsByPath(items, predictions, classNames),
    confusion: confusionRows(predictions, classes, classNames),
    problems: [...learned.problems, ...(tested?.problems ?? [])],
  };
  await writeFacts(options.out, 'knn.json', facts, 'neighbours', new Map(rows));
  engine.dispose();
  console.log(
    `k-NN of ${items.length} photographs in ${classNames.length} classes, ${learned.items.length} in the bank: ${percent(accuracy)}`,
  );
  return failures === 0 ? 0 : 1;
}
