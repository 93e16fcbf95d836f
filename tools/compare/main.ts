/** npm run compare -- <photographs>: what the page's networks look at, and one that knows nothing, as one picture. */
import { countOf } from '../../src/core/count-of.ts';
import { describeFailure } from '../../src/core/failure.ts';
import type { LoadedModel } from '../../src/models/loaded-model.ts';
import type { PixelGrid } from '../../src/media/resample.ts';
import { findEachModel } from '../attend/find-model.ts';
import { readPhoto } from '../photographs/read-photo.ts';
import { checkpointOptions, checkpointUsage } from '../checkpoint-file.ts';
import { beginCommand } from '../begin-command.ts';
import { checkOutputs, prepareFile } from '../file-problem.ts';
import { findPhotographs, photographUsage } from '../photographs/find-photographs.ts';
import { readOptions, readSeed, stopWithout } from '../read-options.ts';
import { readSide } from '../look/common-options.ts';
import { stopWith } from '../stop-with.ts';
import { writeWhole } from '../write-whole.ts';
import { drawTable, showKept, type Tile } from './draw-comparison.ts';
import { frameOf } from '../../src/lenses/lens-contract.ts';
import { headsContract } from '../../src/lenses/heads/contract.ts';
import { openEngineOf } from '../evaluate/evaluate-networks.ts';
import { randomNetwork } from '../../src/models/random-network.ts';
import { shippedModels } from '../evaluate/shipped-models.ts';

const usage = `Usage: npm run compare -- <images…> [options]

One row a photograph; one column a network, and one for the first network's architecture with random weights. Shown is what the
mask of the mean over heads keeps, 60 % of the mass.
${photographUsage}

  --model <path>     a checkpoint file as npm run convert takes it, or a folder in tfjs format; may stand several times
                     (default: every model in public/models)
  --seed <n>         for the random network (default: 0)
  --side <px>        the long side of what a network sees (default: 224)
  --out <file>       where the picture goes, a WebP (default: comparison.webp)

Of a checkpoint file:
${checkpointUsage}`;

const tileSidePx = 176;

beginCommand();
const { values: options, positionals: paths } = readOptions(
  {
    allowPositionals: true,
    options: {
      model: { type: 'string', multiple: true },
      seed: { type: 'string', default: '0' },
      side: { type: 'string', default: '224' },
      out: { type: 'string', default: 'comparison.webp' },
      ...checkpointOptions,
      help: { type: 'boolean', short: 'h', default: false },
    },
  },
  usage,
);
if (options.help) stopWith(usage, 0);
if (paths.length === 0) stopWithout('at least one image', usage);
const sidePx = readSide(options.side);
const seed = readSeed(options.seed);

await prepareFile(options.out, '.webp');

const { signal } = new AbortController();
const onProgress = (): void => {};

let failures = 0;
const complain = (sentence: string): void => {
  failures++;
  console.error(sentence);
};

const found = await findPhotographs(paths);
for (const problem of found.problems) complain(problem);
await checkOutputs([options.out]);
const photos: (PixelGrid & { readonly path: string })[] = [];
for (const path of found.paths) {
  const photo = await readPhoto(path);
  if (photo.ok) photos.push({ ...photo.value, path });
  else complain(`${path}: ${describeFailure(photo.error)}`);
}
if (photos.length === 0) process.exit(1);
const networks: LoadedModel[] = [];
const { model: _, ...ofCheckpoints } = options;
const models = options.model ?? (await shippedModels());
const loaders = await findEachModel(models.map((path) => [path, ofCheckpoints]));
for (const [at, load] of loaders.entries()) {
  const model = await load(signal, onProgress);
  if (model.ok) networks.push(model.value);
  else complain(`${models[at]}: ${describeFailure(model.error)}`);
}
const [first] = networks;
if (first === undefined) stopWith('There is no network.');
networks.push({ ...randomNetwork(first, seed), title: 'random weights' });

const rows: Tile[][] = photos.map(({ height, width, values }) => [{ height, width, rgb: values }]);
for (const network of networks) {
  const engine = await openEngineOf(network);
  for (const [i, photo] of photos.entries()) {
    const framing = { shape: 'photograph', sidePx } as const;
    const { defaults } = headsContract.params;
    const read = { pixels: photo, notices: [] };
    const result = await engine.look('heads', defaults, String(i), read, framing);
    if (!result.ok) stopWith(`${photo.path}: ${describeFailure(result.error)}`);
    const rgb = showKept(photo, result.value.result, frameOf(result.value).box);
    rows[i]?.push({ height: photo.height, width: photo.width, rgb });
  }
  engine.dispose();
}
const titles = ['photograph', ...networks.map(({ title }) => title)];
await writeWhole(options.out, await drawTable(titles, rows, tileSidePx));
console.log(
  `${options.out}: ${countOf(photos.length, 'photograph')}, ${countOf(networks.length, 'network')}`,
);
if (failures > 0) process.exitCode = 1;
