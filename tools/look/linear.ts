/** npm run look -- linear: a linear probe for the classes of folders, on features that stay as they are. */
import { join } from 'node:path';
import { defineCodec, realNumber, wholeNumber } from '../../src/core/codec.ts';
import { sourceOf } from '../../src/core/recognition.ts';
import { featureVectors } from '../../src/recognise/feature-vectors.ts';
import { accuracyOf } from '../../src/recognise/knn.ts';
import { applyProbe, classesOfShares } from '../../src/recognise/linear-probe.ts';
import { writeProbeFile } from '../../src/recognise/probe-file.ts';
import { trainProbe, type TrainedProbe } from '../../src/recognise/train-probe.ts';
import { writeWhole } from '../write-whole.ts';
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

interface ProbeParams {
  readonly 'held-out': number;
  readonly seed: number;
}

const codec = defineCodec<ProbeParams>({
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

const probeName = 'linear.safetensors';

const usage = classesUsage(
  `Usage: npm run look -- linear --classes <folder of folders> [--test <folder of folders>] [options]

A linear layer with cross-entropy by L-BFGS, on features of length 1 whose channels were given mean 0 and variance 1, its weight decay chosen by a
part of what it may learn from. Writes linear.json (accuracy on what it
did not learn from, predictions by path, the confusion matrix [true, predicted], probabilities in the order of the classes) and
${probeName} (linear.weight [classes, D] and linear.bias, for features of length 1: logits = weight · feature / ‖feature‖ + bias).`,
  codec,
);

/** @returns the probe, and its probabilities for the photographs that are asked, shape [N, K] */
async function learn(
  { learned, tested, params, own, engine }: OpenedClasses<ProbeParams>,
  classNames: readonly string[],
): Promise<TrainedProbe> {
  const { embedDim } = engine.model;
  const vectors = featureVectors(learned.pooled, embedDim, params.feature);
  let toldAt = performance.now();
  const trained = await trainProbe(vectors, classesIn(learned.items, classNames), classNames.length, {
    heldOutShare: tested === null ? own['held-out'] : 0,
    seed: own.seed,
    afterStep(share, loss) {
      if (performance.now() - toldAt < progressEveryMs) return;
      toldAt = performance.now();
      console.log(`The probe learns: ${Math.round(share * 100)} %, loss ${loss.toFixed(4)}`);
    },
  });
  if (tested === null) return trained;
  const asked = featureVectors(tested.pooled, embedDim, params.feature);
  return { ...trained, shares: await applyProbe(trained.probe, asked) };
}

/** What the probe says of the photographs that are asked, by the names of both folders' classes. */
function judge(
  { classNames: judgedNames, learned, tested }: OpenedClasses<ProbeParams>,
  classNames: readonly string[],
  { shares, heldOut }: TrainedProbe,
): { readonly named: Int32Array; readonly classes: Int32Array } {
  const { items } = tested ?? learned;
  const predictions = classesOfShares(shares, classNames.length);
  const isJudged = new Set(tested === null ? heldOut : items.keys());
  return {
    named: predictions.map((each) => judgedNames.indexOf(classNames[each] ?? '')),
    classes: classesIn(items, judgedNames).map((each, item) => (isJudged.has(item) ? each : -1)),
  };
}

function factsOf(
  {
    classNames: judgedNames,
    learned,
    tested,
    problems,
    engine,
    params,
    settings,
    own,
  }: OpenedClasses<ProbeParams>,
  classNames: readonly string[],
  { weightDecay, losses, heldOut }: TrainedProbe,
  { named, classes }: ReturnType<typeof judge>,
): object {
  const { items } = tested ?? learned;
  return {
    accuracy: accuracyOf(named, classes),
    way: tested === null ? 'held out' : 'test',
    heldOut: tested === null ? heldOut.map((item) => items[item]?.path) : [],
    model: engine.model,
    backend: engine.engine.backend.name,
    feature: params.feature,
    ...settings,
    seed: own.seed,
    weightDecay,
    steps: losses.length,
    loss: losses.at(-1) ?? null,
    file: probeName,
    classes: judgedNames,
    predictions: predictionsByPath(items, named, judgedNames),
    confusion: confusionRows(named, classes, judgedNames),
    learnedClasses: classNames,
    problems,
  };
}

/** @param args without the word 'linear' @returns the command's exit code */
export async function writeProbe(args: readonly string[]): Promise<number> {
  const opened = await openClasses(args, codec, usage);
  const { learned, tested, problems, engine, params, settings, out } = opened;
  // A class of --test that nobody learned has no row in the probe.
  const classNames = opened.learnedNames;
  const trained = await learn(opened, classNames);
  const judged = judge(opened, classNames, trained);
  const rows = (tested ?? learned).items.map(({ path }, item): [string, number[]] => {
    const of = trained.shares.subarray(item * classNames.length, (item + 1) * classNames.length);
    return [path, Array.from(of, (share) => Number(share.toPrecision(6)))];
  });
  const facts = factsOf(opened, classNames, trained, judged);
  await writeFacts(out, 'linear.json', facts, 'probabilities', new Map(rows));
  const source = sourceOf(engine.model.id, engine.model);
  const file = writeProbeFile(trained.probe, { classNames, feature: params.feature, settings, ...source });
  await writeWhole(join(out, probeName), new Uint8Array(await file.arrayBuffer()));
  engine.dispose();
  console.log(
    `A linear probe for ${classNames.length} classes, weight decay ${trained.weightDecay}; ` +
      `of ${countOf(judged.classes.filter((each) => each >= 0).length, 'photograph')} that it did not learn from: ` +
      percent(accuracyOf(judged.named, judged.classes)),
  );
  return problems.length === 0 ? 0 : 1;
}
