/**
 * npm run prove: networks of the published sizes, in the files that people have them in, against PyTorch in every layer.
 * PyTorch makes the files (tools/reference/make_full_size.py); the page's own passes run them; the table is Markdown.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeFailure, failureOf } from '../../src/core/failure.ts';
import { openTraceBackend } from '../../src/engine/trace-model.ts';
import { installDawn } from '../dawn.ts';
import { beginCommand } from '../begin-command.ts';
import { readOptions } from '../read-options.ts';
import { allowRelaxedSimd } from '../relaxed-simd.ts';
import { stopWith, stopWithWrong } from '../stop-with.ts';
import { checkModel, type CaseReport, type FileReport } from './check-model.ts';
import { findPytorch, makeReference } from './reference.ts';

const models = ['ti16', 's16', 's8', 'b16', 'deit-s16', 'moco-v3-s16', 'dinov2-s14', 'dinov2-s14-reg4'];

/** Of attention, absolute; of the CLS feature, relative to its largest value. */
const tolerances = {
  wasm: { attention: 1e-5, feature: 1e-4 },
  cpu: { attention: 1e-5, feature: 1e-4 },
  webgpu: { attention: 1e-4, feature: 1e-4 },
} as const;

const usage = `Usage: npm run prove -- [options]

Compares the attention of every layer and the CLS feature with PyTorch's, for networks of the published sizes with random
weights, and prints a table. Large ones take minutes and gigabytes; the files are deleted afterwards.

  --models <list>    of ${models.join(', ')} (default: all)
  --backend <name>   wasm, cpu, or webgpu by Dawn (default: wasm)
  --python <path>    a Python with PyTorch, NumPy and Pillow (default: python3)`;

beginCommand();
const { values: options } = readOptions(
  {
    options: {
      models: { type: 'string', default: models.join(',') },
      backend: { type: 'string', default: 'wasm' },
      python: { type: 'string', default: 'python3' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  },
  usage,
);
if (options.help) stopWith(usage, 0);
const { backend: name, python } = options;
if (name !== 'wasm' && name !== 'cpu' && name !== 'webgpu')
  stopWithWrong(`--backend ${name} is not wasm, cpu or webgpu.`);
const wanted = options.models.split(',');
const unknown = wanted.find((model) => !models.includes(model));
if (unknown !== undefined) stopWithWrong(`--models: ${unknown} is none of ${models.join(', ')}.`);
const pytorch = await findPytorch(python);
const tolerance = tolerances[name];

if (name === 'webgpu') await installDawn();
allowRelaxedSimd();
const backend = await openTraceBackend(name);
if (!backend.ok) stopWith(describeFailure(backend.error));

const { dependencies } = JSON.parse(
  await readFile(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8'),
) as { dependencies: Readonly<Record<string, string>> };
console.log(
  `## ${name} (${backend.value.backend.device}), tfjs ${dependencies['@tensorflow/tfjs-core']}, PyTorch ${pytorch}\n\n` +
    `Allowed: ${tolerance.attention.toExponential(0)} for attention, ${tolerance.feature.toExponential(0)} for the feature.\n\n` +
    '| network | input, px | tokens | row entropy | last layer | every layer | CLS feature |\n' +
    '| --- | --- | --- | --- | --- | --- | --- |',
);

let failures = 0;
const files: string[] = [];

function printCase(model: string, report: CaseReport): void {
  const { sizePx, tokens, rowEntropy, lastLayer, everyLayer, feature } = report;
  const holds =
    lastLayer <= tolerance.attention && everyLayer <= tolerance.attention && feature <= tolerance.feature;
  if (!holds) failures++;
  const cells = [
    model,
    sizePx,
    tokens,
    `${Math.round(100 * rowEntropy)} %`,
    ...[lastLayer, everyLayer, feature].map((difference) => difference.toExponential(1)),
  ];
  console.log(`| ${cells.join(' | ')} |${holds ? '' : ' **beyond what is allowed**'}`);
}

function printFiles(model: string, reports: readonly FileReport[]): void {
  for (const { file, problem } of reports) {
    if (problem === null) continue;
    failures++;
    console.error(`${model}, ${file}: ${problem}`);
  }
  const good = reports.filter(({ problem }) => problem === null).map(({ file }) => `\`${file}\``);
  files.push(`- ${model}: ${good.join(', ')}`);
}

for (const model of wanted) {
  const folder = await mkdtemp(join(tmpdir(), 'prove-'));
  try {
    const reference = await makeReference(python, model, folder);
    printFiles(
      model,
      await checkModel(backend.value, folder, reference, (report) => printCase(model, report)),
    );
  } catch (error) {
    const failure = failureOf(error);
    if (failure === null) throw error;
    failures++;
    console.error(`${model}: ${describeFailure(failure)}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
console.log(`\nFiles that open to the same network to the bit:\n\n${files.join('\n')}\n`);
// Dawn keeps the process alive.
process.exit(failures === 0 ? 0 : 1);
