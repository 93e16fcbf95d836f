/** npm run look -- linear: a linear probe for the classes of folders, on features that stay as they are. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineCodec, realNumber, wholeNumber } from '../../src/core/codec.ts';
import { featureVectors } from '../../src/recognise/feature-vectors.ts';
import { accuracyOf } from '../../src/recognise/knn.ts';
import { applyProbe, classesOfShares } from '../../src/recognise/linear-probe.ts';
import { writeProbeFile } from '../../src/recognise/probe-file.ts';
import { trainProbe } from '../../src/recognise/train-probe.ts';
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
const probeCodec = defineCodec<{ readonly 'held-out': number; readonly seed: number }>({
  'held-out': realNumber({
    defaultValue: 0.2,
    min: 0,
    max: 0.9,
    help: 'the share of each class that is not learned from and is judged by, where there is no --test',
  }),
  seed: wholeNumber({ defaultValue: 0, min: 0, max: 2 ** 31 - 1, help: 'draws which ones these are' }),
});

/** Of hundreds of classes a step takes a second or more. */
const progressEveryMs = 10_000;

const usage = `Usage: npm run look -- linear --classes <folder of folders> [--test <folder of folders>] [options]

A linear layer with cross-entropy by L-BFGS, its weight decay chosen by a part of what it may learn from. Writes linear.json (accuracy on what it
did not learn from, predictions by path, the confusion matrix [true, predicted], probabilities in the order of the classes) and
linear.safetensors (linear.weight [classes, D] and linear.bias, for features of length 1: logits = weight · feature / ‖feature‖ + bias).

${classUsage}
${recogniseUsage({ ...probeCodec.fields, ...codec.fields })}`;

/** @param args without the word 'linear' @returns the command's exit code */
export async function writeProbe(args: readonly string[]): Promise<number> {
  const { values: options } = readOptions(
    {
      args: [...args],
      options: { ...recogniseOptions, ...classOptions, ...optionsOf(codec, probeCodec) },
    },
    usage,
  );
  if (options.help || options.classes === undefined) stopWith(usage, options.help ? 0 : 2);
  const params = readFields(codec, options);
  const { 'held-out': heldOutShare, seed } = readFields(probeCodec, options);
  const { engine, settings } = await openFor(options, params);
  const { model } = engine;
  await makeFolder(options.out);
  const folders = { classes: options.classes, test: options.test };
  const gathered = await gatherClasses(engine, settings, folders);
  const { learned, tested, failures } = gathered;
  // A class of --test that nobody learned has no row in the probe.
  const learnedClasses = new Set(learned.items.map(({ className }) => className));
  const classNames = gathered.classNames.filter((name) => learnedClasses.has(name));
  if (classNames.length < 2) stopWith('A probe needs photographs of two classes at least.');
  const vectors = featureVectors(learned.pooled, model.embedDim, params.feature);
  const classesOfLearned = classesIn(learned.items, classNames);
  let toldAt = performance.now();
  const trained = await trainProbe(vectors, classesOfLearned, classNames.length, {
    heldOutShare: tested === null ? heldOutShare : 0,
    seed,
    afterStep(share, loss) {
      if (performance.now() - toldAt < progressEveryMs) return;
      toldAt = performance.now();
      console.log(`The probe learns: ${Math.round(share * 100)} %, loss ${loss.toFixed(4)}`);
    },
  });
  const { probe, weightDecay, losses, heldOut } = trained;
  const shares =
    tested === null
      ? trained.shares
      : await applyProbe(probe, featureVectors(tested.pooled, model.embedDim, params.feature));
  const { items } = tested ?? learned;
  const predictions = classesOfShares(shares, classNames.length);
  const judgedNames = gathered.classNames;
  const named = predictions.map((each) => judgedNames.indexOf(classNames[each] ?? ''));
  const isJudged = new Set(tested === null ? heldOut : items.keys());
  const classes = classesIn(items, judgedNames).map((each, item) => (isJudged.has(item) ? each : -1));
  const accuracy = accuracyOf(named, classes);
  const facts = {
    accuracy,
    way: tested === null ? 'held out' : 'test',
    heldOut: tested === null ? heldOut.map((item) => items[item]?.path) : [],
    model,
    backend: engine.engine.backend.name,
    feature: params.feature,
    ...settings,
    seed,
    weightDecay,
    steps: losses.length,
    loss: losses.at(-1) ?? null,
    file: 'linear.safetensors',
    classes: judgedNames,
    predictions: predictionsByPath(items, named, judgedNames),
    confusion: confusionRows(named, classes, judgedNames),
    learnedClasses: classNames,
    problems: [...learned.problems, ...(tested?.problems ?? [])],
  };
  const rows = items.map(({ path }, item): [string, number[]] => {
    const of = shares.subarray(item * classNames.length, (item + 1) * classNames.length);
    return [path, Array.from(of, (share) => Number(share.toPrecision(6)))];
  });
  await writeFacts(options.out, 'linear.json', facts, 'probabilities', new Map(rows));
  const file = writeProbeFile(probe, {
    classNames,
    feature: params.feature,
    settings,
    modelKey: model.id,
    modelTitle: model.title,
  });
  await writeFile(join(options.out, 'linear.safetensors'), new Uint8Array(await file.arrayBuffer()));
  engine.dispose();
  console.log(
    `A linear probe for ${classNames.length} classes, weight decay ${weightDecay}: ${percent(accuracy)} of ` +
      `${classes.filter((each) => each >= 0).length} photographs that it did not learn from`,
  );
  return failures === 0 ? 0 : 1;
}
