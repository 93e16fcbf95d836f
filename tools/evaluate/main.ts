/** npm run evaluate -- <folder>: how well masks and boxes fit objects; of attention, by the protocol of the paper's figure 4. */
import { join } from 'node:path';
import { defineCodec } from '../../src/core/codec.ts';
import { describeFailure } from '../../src/core/failure.ts';
import { featuresOf } from '../../src/lenses/feature-choice.ts';
import { objectsContract } from '../../src/lenses/objects/contract.ts';
import { findEachModel } from '../attend/find-model.ts';
import { checkpointOptions, checkpointUsage } from '../checkpoint-file.ts';
import { beginCommand } from '../begin-command.ts';
import { makeFolder } from '../file-problem.ts';
import { describeFields, optionsOf, readFields } from '../look/codec-options.ts';
import { readOptions, readSeed, readWholeNumber, stopWithHelp, stopWithout } from '../read-options.ts';
import { stopWith, stopWithWrong } from '../stop-with.ts';
import { methods, scoreCentrePrior, scoreNetwork, type CutParams } from './evaluate-networks.ts';
import { findPairs, samplePairs, type Pair } from './find-pairs.ts';
import { keptShare } from './head-masks.ts';
import { checkPairs } from './read-pair.ts';
import { randomNetwork } from '../../src/models/random-network.ts';
import { markdownReport, type NetworkScores } from './report.ts';
import type { Averages } from './scores.ts';
import { overlapProblem, overlapUsage, partProblem, readOverlap, readSide } from '../look/common-options.ts';
import { shippedModels } from './shipped-models.ts';
import { writeAllWhole } from '../write-whole.ts';
import { countOf } from '../../src/core/count-of.ts';

const { block, facet, refine } = objectsContract.params.fields;
const cutCodec = defineCodec<CutParams>({ block, facet, refine });

const usage = `Usage: npm run evaluate -- <folder> [options]

<folder> and its subfolders hold photographs (<stem>.jpg, .webp or any other kind but .png) and, beside each, its mask (<stem>.png, of the
same shape: black, and one colour for each object; a border as in PASCAL VOC does not count). <set>_<number> puts a photograph in a set; frames of a video are <set>_<sequence>_<number>.

  --model <path>     a checkpoint file as npm run convert takes it, or a folder in tfjs format; may stand several times
                     (default: every model in public/models)
  --sample <n>       so many photographs of each set, chosen by the seed (default: all)
  --seed <n>         for the sample and the random networks (default: 0)
  --side <px>        the long side of what the network sees (default: 224)
${overlapUsage}
  --methods <list>   which masks: heads, lost, tokencut, maskcut, with commas between (default: heads)
${describeFields(cutCodec.fields)}
                     (these of lost, tokencut and maskcut)
  --out <folder>     where evaluation.md and evaluation.json go (default: evaluation-out)

Of a checkpoint file:
${checkpointUsage}`;

beginCommand();
const { values: options, positionals } = readOptions(
  {
    allowPositionals: true,
    options: {
      model: { type: 'string', multiple: true },
      sample: { type: 'string' },
      seed: { type: 'string', default: '0' },
      side: { type: 'string', default: '224' },
      overlap: { type: 'string', default: '1' },
      methods: { type: 'string', default: 'heads' },
      ...optionsOf(cutCodec),
      out: { type: 'string', default: 'evaluation-out' },
      ...checkpointOptions,
      help: { type: 'boolean', short: 'h', default: false },
    },
  },
  usage,
  cutCodec,
);
const [folder] = positionals;
if (options.help) stopWith(usage, 0);
if (folder === undefined) stopWithout('a folder of photographs and masks', usage);
if (positionals.length > 1) stopWithHelp(`${positionals[1]} is one word too many`, usage);
const sidePx = readSide(options.side);
const overlap = readOverlap(options.overlap);
const seed = readSeed(options.seed);
const sample = options.sample === undefined ? null : readWholeNumber('sample', options.sample, 1, 1_000_000);

const cut = readFields(cutCodec, options);
const wanted = options.methods
  .split(',')
  .map(
    (name) =>
      methods.find((method) => method === name.trim()) ??
      stopWithWrong(`--methods ${name} is not ${methods.join(', ')}.`),
  );
const how = {
  sidePx,
  overlap,
  methods: methods.filter((method) => wanted.includes(method)),
  objects: cut,
};

const found = await findPairs(folder);
if (found === null) stopWith(`The folder ${folder} cannot be read.`);
if (found.pairs.length === 0) stopWith(`There is no photograph with a mask in ${folder}.`);
if (found.unpaired.length > 0) console.error(`Left out, having no mask: ${found.unpaired.join(', ')}`);
await makeFolder(options.out);

let failures = 0;
const complain = (sentence: string): void => {
  failures++;
  console.error(sentence);
};

/** Data set → the share of its masks' pixels that does not count. */
const borders: Record<string, number> = {};
const sets: (readonly [set: string, pairs: readonly Pair[]])[] = [];
for (const [set, pairs] of samplePairs(found.pairs, sample, seed)) {
  const { usable, problems, border } = await checkPairs(pairs);
  for (const problem of problems) complain(problem);
  if (usable.length > 0) {
    sets.push([set, usable]);
    borders[set] = border;
  } else if (problems.length === 0) complain(`No mask of the set '${set}' holds an object.`);
}
if (sets.length === 0) process.exit(1);

async function overSets(
  name: string,
  score: (pairs: readonly Pair[]) => Promise<Averages>,
): Promise<Record<string, Averages>> {
  const averages: Record<string, Averages> = {};
  for (const [set, pairs] of sets) {
    const start = performance.now();
    const average = await score(pairs);
    averages[set] = average;
    const seconds = Math.round((performance.now() - start) / 1000);
    console.error(`${name}, ${set}: ${countOf(average.photographs, 'photograph')} in ${seconds} s`);
  }
  return averages;
}

const networks: NetworkScores[] = [];
const paths = options.model ?? (await shippedModels());
// Those that are not there end the command before it has worked for an hour.
const { model: _, ...ofCheckpoints } = options;
const loaders = await findEachModel(paths.map((path) => [path, ofCheckpoints]));
for (const [i, load] of loaders.entries()) {
  const model = await load(new AbortController().signal, () => {});
  if (!model.ok) {
    complain(`${paths[i]}: ${describeFailure(model.error)}`);
    continue;
  }
  const { id, title, parameterCount, architecture, features: recommended } = model.value;
  const problem =
    overlapProblem(overlap, { title, patchSizePx: architecture.patchSize }) ??
    partProblem(cut, { title, ...architecture });
  if (problem !== null) {
    complain(problem);
    continue;
  }
  const random = randomNetwork(model.value, seed);
  networks.push({
    id,
    title,
    parameterCount,
    features: featuresOf(cut, {
      depth: architecture.depth,
      ...(recommended === undefined ? {} : { features: recommended }),
    }),
    sets: await overSets(title, (pairs) => scoreNetwork(model.value, pairs, how)),
    random: await overSets(`${title}, random weights`, (pairs) => scoreNetwork(random, pairs, how)),
  });
}
if (networks.length === 0) process.exit(1);
const centrePrior = await overSets('centre prior', scoreCentrePrior);

const evaluation = {
  sidePx,
  overlap,
  sample,
  seed,
  keptShare,
  methods: how.methods,
  refine: cut.refine,
  borders,
  centrePrior,
  networks,
} as const;
const report = markdownReport(evaluation);
await writeAllWhole([
  [join(options.out, 'evaluation.md'), report],
  [join(options.out, 'evaluation.json'), `${JSON.stringify(evaluation, null, 2)}\n`],
]);
console.log(report);
if (failures > 0) process.exitCode = 1;
