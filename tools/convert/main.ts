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

const usage = `Usage: npm run convert -- <checkpoint.safetensors> --out <folder> [options]

  --out <folder>     where model.json and its shards go; the folder's name is the model's id
  --config <file>    the architecture as JSON (default: config.json beside the checkpoint)
  --title <words>    what people read (default: the id)
  --dtype <type>     float32 or float16 (default: float16)`;

const { values: options, positionals } = readOptions(
  {
    allowPositionals: true,
    options: {
      out: { type: 'string' },
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

const configFile = options.config ?? join(dirname(file), 'config.json');
let config: unknown;
try {
  config = JSON.parse(await readFile(configFile, 'utf8'));
} catch {
  stopWith(`${configFile} is missing or is not JSON: it must give the architecture.`);
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
const checkpoint = await openCheckpoint(blob, { config });
if (!checkpoint.ok) stopWith(describeFailure(checkpoint.error));

const id = basename(resolve(options.out));
const files = writeTfjsModel({ id, title: options.title ?? id, ...checkpoint.value }, dtype);
await mkdir(options.out, { recursive: true }).catch(() =>
  stopWith(`The folder ${options.out} cannot be made.`),
);
for (const { path, bytes } of files) await writeFile(join(options.out, path), bytes);

const parameterCount = [...checkpoint.value.parameters.values()].reduce(
  (sum, { shape }) => sum + elementCount(shape),
  0,
);
const byteLength = files.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
console.log(
  `${id}: ${parameterCount.toLocaleString('en')} parameters, ${dtype}, ${byteLength.toLocaleString('en')} bytes in ${files.length} files`,
);
