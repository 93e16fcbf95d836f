/** npm run convert -- <checkpoint> --out <folder>: a checkpoint file into the tfjs format that the page loads. */
import { openAsBlob } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { elementCount } from '../../src/core/architecture.ts';
import { describeFailure } from '../../src/core/describe-failure.ts';
import { writeTfjsModel } from '../../src/formats/tfjs-writer.ts';
import { openCheckpoint } from '../../src/models/open-checkpoint.ts';
import { readOptions } from '../read-options.ts';
import { stopWith } from '../stop-with.ts';
import { summarise } from './summarise.ts';

const usage = `Usage: npm run convert -- <checkpoint> --out <folder> [options]

<checkpoint> is a safetensors or PyTorch file (.safetensors, .pth, .bin, .pth.tar), in the names of DINO, DeiT, MoCo v3 or
Hugging Face's ViT; heads, optimizers and the like are left out.

  --out <folder>     where model.json and its shards go; the folder's name is the model's id
  --key <name>       which of the file's networks: teacher or student, or any dictionary in it (default: teacher)
  --heads <n>        how many attention heads (default: from the config; else channels / 64, and 12 for MoCo v3)
  --config <file>    the architecture as JSON (default: config.json beside the checkpoint, if there is one;
                     else it is worked out from the tensors' shapes)
  --title <words>    what people read (default: the id)
  --dtype <type>     float32 or float16 (default: float16)`;

const { values: options, positionals } = readOptions(
  {
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      key: { type: 'string' },
      heads: { type: 'string' },
      config: { type: 'string' },
      title: { type: 'string' },
      dtype: { type: 'string', default: 'float16' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  },
  usage,
);

const [file] = positionals;
if (options.help || file === undefined || options.out === undefined) stopWith(usage, options.help ? 0 : 2);
const { dtype } = options;
if (dtype !== 'float16' && dtype !== 'float32') stopWith(`--dtype ${dtype} is not float32 or float16.`);

const numHeads = options.heads === undefined ? undefined : Number(options.heads);
if (numHeads !== undefined && !(Number.isInteger(numHeads) && numHeads > 0))
  stopWith(`--heads ${options.heads} is not a positive whole number.`);

/** A config that was asked for must be there; one beside the checkpoint may be. */
async function readConfig(path: string, isAskedFor: boolean): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null && !isAskedFor) return undefined;
  try {
    return JSON.parse(text ?? '') as unknown;
  } catch {
    stopWith(`${path} is ${text === null ? 'missing' : 'not JSON'}: it must give the architecture.`);
  }
}

/** Node throws at once where there is no file, and rejects only later. */
async function openFile(path: string): Promise<Blob> {
  try {
    return await openAsBlob(path);
  } catch {
    stopWith(`${path} cannot be read.`);
  }
}

const blob = await openFile(file);
const config = await readConfig(
  options.config ?? join(dirname(file), 'config.json'),
  options.config !== undefined,
);
const checkpoint = await openCheckpoint(blob, { config, key: options.key, numHeads });
if (!checkpoint.ok) stopWith(describeFailure(checkpoint.error));

const id = basename(resolve(options.out));
const files = writeTfjsModel({ id, title: options.title ?? id, ...checkpoint.value }, dtype);
await mkdir(options.out, { recursive: true }).catch(() =>
  stopWith(`The folder ${options.out} cannot be made.`),
);
for (const { path, bytes } of files) await writeFile(join(options.out, path), bytes);

const { architecture, parameters, ignored } = checkpoint.value;
const { embedDim, depth, numHeads: heads, patchSize, gridSize } = architecture;
console.log(
  `${id}: ${embedDim} channels, ${depth} blocks, ${heads} heads, patches of ${patchSize} px, trained on ${gridSize} × ${gridSize}`,
);
if (ignored.length > 0) console.log(`Left out: ${ignored.join(', ')}`);
console.log(`\n${summarise(parameters, dtype).join('\n')}\n`);
const parameterCount = [...parameters.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
const byteLength = files.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
console.log(
  `${id}: ${parameterCount.toLocaleString('en')} parameters, ${dtype}, ${byteLength.toLocaleString('en')} bytes in ${files.length} files`,
);
