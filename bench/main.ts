/**
 * npm run bench: runs one network after the other. All contestants get the same weights and image and take turns, one pass each,
 * so that all run under the same load of the machine. Reports medians and writes docs/bench/<device>.md and .json.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { trainingPresets } from '../src/core/training-presets.ts';
import { readOptions, readWholeNumber } from '../tools/read-options.ts';
import { stopWith } from '../tools/stop-with.ts';
import { benchFeatures } from './features.ts';
import { prepareNetworks } from './networks.ts';
import { timeGathering } from './gathering.ts';
import { runRace } from './race.ts';
import { timePage } from './page-load.ts';
import { timeQueue } from './queue.ts';
import { writeReport, type Report } from './report.ts';
import { benchResampling } from './resampling.ts';
import { benchWasmTraining } from './wasm-training.ts';
import { openChromium, openNode, type Venue } from './venue.ts';
import { benchTraining, reportTraining } from './train.ts';

const allNetworks = 'embedded-12,embedded-20,embedded-40,s16-224,b16-224,s8-224,s8-480';

const usage = `Usage: npm run bench -- [chromium] [node] [page] [options]
       npm run bench -- queue [--against <folder>] [--rounds <n>] [--note <sentence>]
       npm run bench -- gathering [--photographs <n>] [--note <sentence>]
       npm run bench -- lenses [chromium] [node] [--against <folder>] [options]
       npm run bench -- train [--note <sentence>]
       npm run bench -- wasm-training [--presets <ids>] [--python <command>] [--against <folder>] [--rounds <n>] [--note <sentence>]
       npm run bench -- features [--python <command>] [--rounds <n>] [--note <sentence>]
       npm run bench -- resampling [--python <command>] [--rounds <n>] [--note <sentence>]

Times the forward pass: ours (with float16 weights, too, where the network's are float32), ours by tfjs's plain ops, and
onnxruntime-web, on WebGPU and on WebAssembly.
With no place named, Chromium and then Node on Dawn, where there is a driver. "page" times the built page instead, from its
opening to the first overlay; "queue" has it take forty photographs at once, "gathering" thousands into a collection; "lenses" races what other lenses take with the last block's heads; "train" counts what a training step asks
of WebGPU, "wasm-training" times it on the processor; "resampling" times what comes before a pass,
"features" what lenses of features compute after it.

  --networks <ids>   of ${allNetworks} (default: all; for lenses s16-224)
  --backends <ids>   of webgpu,wasm (default: both)
  --rounds <n>       passes of each contestant after its first, or visits of the page (default: 5)
  --photographs <n>  gathering: how many (default: 10000)
  --patience <s>     a pass that is likely to take longer is left out, with a word (default: 45)
  --against <folder> page, queue, lenses, wasm-training: another checkout of this repository, installed, that races with this one
  --presets <ids>    of collapse-in-a-minute,adapt-embedded,adapt-vit-s16 (default: all)
  --python <command> that starts a Python with PyTorch, SciPy and Pillow (default: python3); without one their times are left out
  --note <sentence>  goes into the report: what else the machine was doing`;

const { values: options, positionals } = readOptions(
  {
    allowPositionals: true,
    options: {
      networks: { type: 'string' },
      backends: { type: 'string', default: 'webgpu,wasm' },
      rounds: { type: 'string', default: '5' },
      patience: { type: 'string', default: '45' },
      photographs: { type: 'string', default: '10000' },
      against: { type: 'string' },
      python: { type: 'string', default: 'python3' },
      presets: { type: 'string', default: trainingPresets.map(({ id }) => id).join(',') },
      note: { type: 'string', default: '' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  },
  usage,
);
if (options.help) stopWith(usage, 0);
const known = [
  'chromium',
  'node',
  'page',
  'queue',
  'gathering',
  'lenses',
  'train',
  'wasm-training',
  'features',
  'resampling',
];
const contest = positionals.includes('lenses') ? 'lenses' : 'engines';
const named = positionals.filter((each) => each !== 'lenses');
const places = named.length === 0 ? ['chromium', 'node'] : named;
const unknown = positionals.find((place) => !known.includes(place));
if (unknown !== undefined) stopWith(`${unknown} is none of ${known.join(', ')}.\n\n${usage}`, 2);

const backends = options.backends.split(',');
const rounds = readWholeNumber('rounds', options.rounds, 1, Infinity);
const patienceSeconds = readWholeNumber('patience', options.patience, 1, Infinity);
const photographs = readWholeNumber('photographs', options.photographs, 20, Infinity);
if (!backends.every((backend) => ['webgpu', 'wasm'].includes(backend)))
  stopWith(`--backends ${options.backends} is not webgpu, wasm or both.\n\n${usage}`, 2);

const ownFolder = fileURLToPath(new URL('.', import.meta.url));
const runtimeFolder = join(ownFolder, 'node_modules/onnxruntime-web/dist');

/** onnxruntime-web is not a dependency of the project. The first run installs it; without it the bench leaves it out. */
function installRuntime(): string | null {
  if (existsSync(runtimeFolder)) return null;
  console.log('Installing what the bench compares with (once, about 140 MB) …');
  const npm = spawnSync('npm', ['ci', '--prefix', ownFolder], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  return npm.status === 0 && existsSync(runtimeFolder)
    ? null
    : `onnxruntime-web could not be installed: ${npm.stderr.trim().split('\n').at(-1) ?? 'npm did not run'}. Its rows are left out.`;
}

const reports = fileURLToPath(new URL('../docs/bench', import.meta.url));

async function keep(report: Report): Promise<void> {
  await mkdir(reports, { recursive: true });
  await writeFile(join(reports, `${report.name}.json`), report.json);
  await writeFile(join(reports, `${report.name}.md`), report.markdown);
  console.log(`\n${report.markdown}\ndocs/bench/${report.name}.md`);
}

if (positionals.includes('queue')) {
  const against = options.against === undefined ? null : resolve(options.against);
  await keep(await timeQueue(rounds, against, options.note));
  process.exit(0);
}

if (positionals.includes('gathering')) {
  await keep(await timeGathering(photographs, options.note));
  process.exit(0);
}

if (positionals.includes('resampling')) {
  await keep(await benchResampling(options.python, rounds, options.note));
  process.exit(0);
}

if (positionals.includes('features')) {
  const { python, note } = options;
  const log = (line: string): void => console.log(line);
  await keep(await benchFeatures({ python, rounds, patienceSeconds, note, log }));
  process.exit(0);
}

if (positionals.includes('wasm-training')) {
  const presetIds = trainingPresets.map(({ id }) => id);
  const asked = options.presets.split(',');
  const presets = presetIds.filter((id) => asked.includes(id));
  if (presets.length !== asked.length) stopWith(`--presets takes ${presetIds.join(', ')}.`, 2);
  const node = openNode('', runtimeFolder);
  const chromium = await openChromium(ownFolder, runtimeFolder).catch((error: unknown) => {
    console.error(`Chromium is left out: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  });
  const { python, note } = options;
  const against = options.against === undefined ? '' : resolve(options.against);
  const log = (line: string): void => console.log(line);
  await keep(await benchWasmTraining({ presets, node, chromium, python, against, rounds, note, log }));
  await Promise.all([node.close(), chromium?.close()]);
  process.exit(0);
}

if (positionals.includes('train')) {
  const rows = await benchTraining((line) => console.log(line));
  const report = reportTraining(rows, options.note, new Date());
  if (report === null) stopWith(`No step could be taken: ${rows[0]?.leftOut ?? ''}`);
  await keep(report);
  process.exit(0);
}

if (places.includes('page')) {
  const against = options.against === undefined ? null : resolve(options.against);
  await keep(await timePage(rounds, against, options.note));
  if (places.length === 1) process.exit(0);
}

const runtimeProblem = contest === 'lenses' ? null : installRuntime();
if (runtimeProblem !== null) console.error(runtimeProblem);

const dataFolder = await mkdtemp(join(tmpdir(), 'dinoscope-bench-'));
const wantedNetworks = (options.networks ?? (contest === 'lenses' ? 's16-224' : allNetworks)).split(',');
const networks = await prepareNetworks(dataFolder, (id) => wantedNetworks.includes(id));
const unknownNetwork = wantedNetworks.find((id) => !networks.some((network) => network.id === id));
if (unknownNetwork !== undefined) stopWith(`--networks: there is no ${unknownNetwork}.\n\n${usage}`, 2);

for (const place of places.filter((each) => each !== 'page')) {
  let venue: Venue;
  try {
    venue =
      place === 'chromium'
        ? await openChromium(dataFolder, runtimeFolder)
        : openNode(dataFolder, runtimeFolder);
  } catch (error) {
    console.error(`${place} is left out: ${error instanceof Error ? error.message : String(error)}`);
    continue;
  }
  const race = await runRace(venue, networks, {
    backends,
    rounds,
    patienceSeconds,
    hasOnnxRuntime: runtimeProblem === null,
    contest,
    against: options.against === undefined ? null : resolve(options.against),
    log: (line) => console.log(line),
  });
  await venue.close();
  await keep(writeReport(race, options.note));
}
await rm(dataFolder, { recursive: true, force: true });
process.exit(0);
