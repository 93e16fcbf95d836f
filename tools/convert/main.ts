/** npm run convert -- <checkpoint> --out <folder>: a checkpoint file into the tfjs format that the page loads. */
import { basename, dirname, join, resolve } from 'node:path';
import { elementCount, trainedGrid } from '../../src/core/architecture.ts';
import { countOf } from '../../src/core/count-of.ts';
import { describeFailure } from '../../src/core/failure.ts';
import { formatGrid } from '../../src/core/geometry.ts';
import { facets, type FeatureChoice } from '../../src/core/model.ts';
import { describeNormalisation } from '../../src/core/normalisation.ts';
import { writeTfjsModel } from '../../src/formats/tfjs-writer.ts';
import { describeUnstorable } from '../../src/formats/weight-encoding.ts';
import { succeed } from '../../src/core/result.ts';
import { tfjsModel } from '../../src/models/load-model.ts';
import type { ModelLoader } from '../../src/models/loaded-model.ts';
import { openCheckpoint } from '../../src/models/open-checkpoint.ts';
import { folderSource } from '../attend/folder-source.ts';
import { checkpointOptions, checkpointUsage, findCheckpoint } from '../checkpoint-file.ts';
import { beginCommand } from '../begin-command.ts';
import { makeFolder } from '../file-problem.ts';
import { readOptions, stopWithHelp, stopWithout } from '../read-options.ts';
import { stopWith, stopWithWrong } from '../stop-with.ts';
import { writeAllWhole } from '../write-whole.ts';
import { checkAttention, checkBounds, isWithinBounds } from './check-attention.ts';
import { formatTable } from './format-table.ts';
import { listModel } from './list-model.ts';
import { summarise } from './summarise.ts';

const usage = `Usage: npm run convert -- <checkpoint> --out <folder> [options]

<checkpoint> is a safetensors or PyTorch file (.safetensors, .pth, .bin, .pth.tar), in the names of DINO, DINOv2, DeiT,
MoCo v3, timm, Hugging Face, MMPretrain or torchvision, or one in several files: its index, one of them, or their folder; heads, optimizers and the
like are left out.

  --out <folder>     where model.json and its shards go; the folder's name is the model's id. models.json beside the
                     folder, from which the page knows what it can offer, gets the model's name and size
${checkpointUsage}
  --title <words>    what people read (default: the id)
  --features <block,facet>
                     what lenses that compare patches take of this model where nobody chooses: a block, from 1, and query, key,
                     value or token
  --dtype <type>     float32, float16 or uint8 (default: float16)
  --check            compare the attention of source and result on the sample photographs; exit code 1 where a head is off
                     by more than ${100 * checkBounds.difference} % of its map's largest value, or its patches' order by a rank
                     correlation below ${checkBounds.rankCorrelation}`;

beginCommand();
const { values: options, positionals } = readOptions(
  {
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      ...checkpointOptions,
      title: { type: 'string' },
      features: { type: 'string' },
      dtype: { type: 'string', default: 'float16' },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  },
  usage,
);

/** @returns null where nothing was said */
function readFeatures(text: string | undefined, depth: number): FeatureChoice | null {
  if (text === undefined) return null;
  const [, block = '', name] = /^(\d+),(\w+)$/.exec(text) ?? [];
  const facet = facets.find((known) => known === name);
  const sentence = `--features ${text} is no block from 1 to ${depth} and one of ${facets.join(', ')}, as in 8,key.`;
  if (facet === undefined || Number(block) < 1) stopWithWrong(sentence);
  if (Number(block) > depth) stopWith(sentence);
  return { block: Number(block), facet };
}

const [file] = positionals;
if (options.help) stopWith(usage, 0);
if (file === undefined) stopWithout('a checkpoint', usage);
if (positionals.length > 1) stopWithHelp(`${positionals[1]} is one word too many`, usage);
if (options.out === undefined) stopWithout('a folder for the result, --out <folder>', usage);
const { dtype } = options;
if (dtype !== 'float16' && dtype !== 'float32' && dtype !== 'uint8')
  stopWithWrong(`--dtype ${dtype} is not float32, float16 or uint8.`);

const id = basename(resolve(options.out));
if (id === '') stopWithWrong(`--out ${options.out} has no name, which would be the model's id.`);

const source = await findCheckpoint(file, options);
const checkpoint = await openCheckpoint(source.files, source.hints);
if (!checkpoint.ok) stopWith(describeFailure(checkpoint.error));

for (const [name, { values }] of checkpoint.value.parameters) {
  const problem = describeUnstorable(name, values, dtype);
  if (problem !== null) stopWith(`${file}: ${problem}. Nothing was written.`);
}

const title = options.title ?? id;
const features = readFeatures(options.features, checkpoint.value.architecture.depth);
const files = writeTfjsModel(
  { id, title, ...checkpoint.value, ...(features === null ? {} : { features }) },
  dtype,
);
await makeFolder(options.out);
const { out } = options;
// Shards of another network would not fit the old model.json.
await writeAllWhole(files.map(({ path, bytes }) => [join(out, path), bytes]));

const { architecture, parameters, ignored, networks, ownNormalisation } = checkpoint.value;
const { embedDim, depth, numHeads: heads, patchSize } = architecture;
console.log(
  `${id}: ${embedDim} channels, ${countOf(depth, 'block')}, ${countOf(heads, 'head')}, patches of ${patchSize} px, trained on ${formatGrid(trainedGrid(architecture))}`,
);
const [taken, ...others] = networks;
if (taken !== undefined) console.log(`Network: ${taken}; there are also ${others.join(', ')} (--key)`);
if (ownNormalisation !== null)
  console.log(
    `Trained with another normalisation than ImageNet's: ${describeNormalisation(ownNormalisation)}. ` +
      "The weights of its patch embedding were changed so that it takes ImageNet's",
  );
if (ignored.length > 0) console.log(`Left out: ${ignored.join(', ')}`);
console.log(`\n${summarise(parameters, dtype).join('\n')}\n`);
const parameterCount = [...parameters.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
const byteLength = files.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
console.log(
  `${id}: ${parameterCount.toLocaleString('en')} parameters, ${dtype}, ${byteLength.toLocaleString('en')} bytes in ${files.length} files`,
);

console.log(await listModel(dirname(resolve(options.out)), { id, title, bytes: byteLength }));

if (options.check) {
  const original: ModelLoader = () =>
    Promise.resolve(succeed({ id, title, architecture, parameters, parameterCount }));
  const checks = await checkAttention(original, tfjsModel(folderSource(options.out)));
  if (!checks.ok) stopWith(describeFailure(checks.error));
  const lines = checks.value.map(({ head, difference, relativeDifference, rankCorrelation }) => [
    `head ${head + 1}`,
    difference.toExponential(1),
    `${(100 * relativeDifference).toFixed(3)} %`,
    rankCorrelation.toFixed(5),
  ]);
  const header = ['attention', 'max difference', 'of the largest', 'rank correlation'];
  console.log(`\n${formatTable([header, ...lines]).join('\n')}`);
  const beyond = checks.value.filter((check) => !isWithinBounds(check));
  if (beyond.length > 0)
    stopWith(
      `${beyond.map(({ head }) => `Head ${head + 1}`).join(', ')}: the result looks elsewhere than the checkpoint ` +
        `(more than ${100 * checkBounds.difference} %, or a rank correlation below ${checkBounds.rankCorrelation}).`,
    );
}
