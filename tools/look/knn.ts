/** npm run look -- knn: classes of photographs by their nearest neighbours, as the official eval_knn.py tells them. */
import { wholeNumber, defineCodec } from '../../src/core/codec.ts';
import type { Neighbours } from '../../src/core/recognition.ts';
import { plainDots } from '../../src/recognise/dot-products.ts';
import { featureVectors } from '../../src/recognise/feature-vectors.ts';
import { accuracyOf, findNeighbours, vote } from '../../src/recognise/knn.ts';
import type { ClassedPhotograph } from './class-folders.ts';
import {
  classesIn,
  classesUsage,
  confusionRows,
  openClasses,
  percent,
  predictionsByPath,
  writeFacts,
  type OpenedClasses,
} from './recognised.ts';
import { countOf } from '../../src/core/count-of.ts';

interface VoteParams {
  readonly k: number;
}

const codec = defineCodec<VoteParams>({
  k: wholeNumber({
    defaultValue: 20,
    min: 1,
    max: 1000,
    help: 'how many neighbours vote, or as many as there are',
  }),
});

const usage = classesUsage(
  `Usage: npm run look -- knn --classes <folder of folders> [--test <folder of folders>] [options]

Each photograph's class by the votes of its nearest neighbours, exp(cosine / 0.07) each, as in DINO's paper. Without --test each photograph of
--classes is asked of the others (leave one out). Writes knn.json: accuracy, predictions by path, the confusion matrix [true, predicted],
and the neighbours with their cosines.`,
  codec,
);

/** Of the tested photographs, or of each learned one among the others. */
function neighboursOf(
  { learned, tested, params, own, engine }: OpenedClasses<VoteParams>,
  classesOfBank: Int32Array,
): Promise<Neighbours> {
  const { embedDim } = engine.model;
  const bank = featureVectors(learned.pooled, embedDim, params.feature);
  const queries = tested === null ? bank : featureVectors(tested.pooled, embedDim, params.feature);
  return findNeighbours({
    queries: queries.count,
    bank: bank.count,
    k: Math.min(own.k, bank.count),
    dots: plainDots(queries, bank),
    counts: (item) => (classesOfBank[item] as number) >= 0,
    ...(tested === null ? { own: learned.items.map((_, item) => item) } : {}),
  });
}

/** @returns path and cosine of each one's neighbours, the nearest first */
function namedNeighbours(
  { items, cosines, k }: Neighbours,
  asked: readonly ClassedPhotograph[],
  bank: readonly ClassedPhotograph[],
): ReadonlyMap<string, unknown> {
  const pairsOf = (query: number): unknown[] =>
    Array.from({ length: k }, (_, rank) => query * k + rank).flatMap((at) => {
      const other = bank[items[at] as number];
      return other === undefined ? [] : [[other.path, Number((cosines[at] as number).toFixed(6))]];
    });
  return new Map(asked.map(({ path }, query) => [path, pairsOf(query)]));
}

/** Where each photograph is asked of the others. */
function tellOfSingle(classNames: readonly string[], classesOfBank: Int32Array): void {
  const single = classNames.filter((_, at) => classesOfBank.filter((each) => each === at).length === 1);
  if (single.length > 0)
    console.log(`Of the class ${single.join(', ')} there is one photograph, for which no other can vote`);
}

/** @param args without the word 'knn' @returns the command's exit code */
export async function writeNeighbours(args: readonly string[]): Promise<number> {
  const opened = await openClasses(args, codec, usage);
  const { classNames, learned, tested, problems, engine, params, own } = opened;
  const classesOfBank = classesIn(learned.items, classNames);
  const neighbours = await neighboursOf(opened, classesOfBank);
  const { predictions } = vote(neighbours, classesOfBank, classNames.length);
  const { items } = tested ?? learned;
  const classes = classesIn(items, classNames);
  const accuracy = accuracyOf(predictions, classes);
  const facts = {
    accuracy,
    way: tested === null ? 'leave one out' : 'test',
    model: engine.model,
    backend: engine.engine.backend.name,
    k: own.k,
    feature: params.feature,
    ...opened.settings,
    classes: classNames,
    predictions: predictionsByPath(items, predictions, classNames),
    confusion: confusionRows(predictions, classes, classNames),
    problems,
  };
  const rows = namedNeighbours(neighbours, items, learned.items);
  await writeFacts(opened.out, 'knn.json', facts, 'neighbours', rows);
  engine.dispose();
  const voting = classesOfBank.filter((each) => each >= 0).length;
  const judged = classes.filter((each) => each >= 0).length;
  if (tested === null) tellOfSingle(classNames, classesOfBank);
  console.log(
    `k-NN of ${countOf(judged, 'photograph')} in ${classNames.length} classes, ${voting} in the bank: ${percent(accuracy)}`,
  );
  return problems.length === 0 ? 0 : 1;
}
