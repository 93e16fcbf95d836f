/** npm run attend -- <images…>: the page's own engine on the command line, for papers, batches and comparisons. */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeFailure } from '../../src/core/failure.ts';
import { embeddedModelId } from '../../src/core/embedded-model.ts';
import { isOnGrid, type PatchPosition } from '../../src/core/geometry.ts';
import { describePhotoNotice, type FramingOptions } from '../../src/core/photo.ts';
import { Engine, type EngineResult } from '../../src/engine/engine.ts';
import { encodeNpy } from '../../src/formats/npy.ts';
import type { PixelGrid } from '../../src/media/resample.ts';
import { checkpointOptions, checkpointUsage } from '../checkpoint-file.ts';
import { attempt, endOnFileProblems } from '../file-problem.ts';
import { findPhotographs, photographUsage } from '../photographs/find-photographs.ts';
import { readOptions } from '../read-options.ts';
import { stopWith } from '../stop-with.ts';
import { installDawn } from './dawn.ts';
import { drawOverlays } from './draw-overlays.ts';
import { findModel } from './find-model.ts';
import { readPhoto } from '../photographs/read-photo.ts';

const usage = `Usage: npm run attend -- <images…> [options]

Writes for each image <name>.npy (float32, [heads, rows, columns]: the last layer's CLS attention over the patches),
<name>-head-<n>.png for each head and <name>-heads.png with all of them. Where the model has registers also
<name>-registers.npy ([registers, heads, rows, columns]: what each of them looks at). For each patch that is asked for the same
files but that one, <name>-patch-<row>-<column>.npy and so on: what that patch looks at.

${photographUsage}

  --model <path>     a checkpoint file as npm run convert takes it, or a folder in tfjs format (default: the embedded model)
  --backend <name>   wasm, cpu, or webgpu by Dawn (default: wasm)
  --side <px>        the long side of what the model sees (default: 320)
  --square           squash to side × side, as the official script does
  --patch <row,col>  a patch that is asked too, counted from 0 as in the arrays (the page counts from 1); several if you like
  --out <folder>     where the files go (default: attend-out)

Of a checkpoint file:
${checkpointUsage}`;

const embeddedModel = fileURLToPath(new URL(`../../public/models/${embeddedModelId}`, import.meta.url));

endOnFileProblems();
const { values: options, positionals: images } = readOptions(
  {
    allowPositionals: true,
    options: {
      model: { type: 'string', default: embeddedModel },
      backend: { type: 'string', default: 'wasm' },
      side: { type: 'string', default: '320' },
      square: { type: 'boolean', default: false },
      patch: { type: 'string', multiple: true, default: [] },
      out: { type: 'string', default: 'attend-out' },
      ...checkpointOptions,
      help: { type: 'boolean', short: 'h', default: false },
    },
  },
  usage,
);
if (options.help || images.length === 0) stopWith(usage, options.help ? 0 : 2);
const { backend } = options;
if (backend !== 'wasm' && backend !== 'cpu' && backend !== 'webgpu')
  stopWith(`--backend ${backend} is not wasm, cpu or webgpu.`);
const sidePx = Number(options.side);
if (!Number.isInteger(sidePx) || sidePx < 16 || sidePx > 2048)
  stopWith(`--side ${options.side} is not a whole number from 16 to 2048.`);
const asked = options.patch.map(readPatch);

function readPatch(text: string): PatchPosition {
  const [, row, column] =
    /^(\d+),(\d+)$/.exec(text) ?? stopWith(`--patch ${text} is not a row and a column, as in --patch 3,7.`);
  return { row: Number(row), column: Number(column) };
}

const found = await findPhotographs(images);
if (found.paths.length === 0) stopWith(found.problems.join('\n'));
const load = await findModel(options.model, options);
if (backend === 'webgpu') await installDawn();
const { signal } = new AbortController();
const started = await Engine.start({
  backend,
  load,
  wasmAssets: null,
  signal,
  onProgress: () => {},
});
if (!started.ok) stopWith(describeFailure(started.error));
const engine = started.value;
console.log(`${engine.model.title} on ${engine.backend.name} (${engine.backend.device})`);

await mkdir(options.out, { recursive: true }).catch(() =>
  stopWith(`The folder ${options.out} cannot be made.`),
);
const used = new Set<string>();

/** The image's name without its ending; a number where two images share it. */
function nameFor(path: string): string {
  const plain = basename(path, extname(path));
  let name = plain;
  // Some file systems take A and a for the same.
  for (let count = 2; used.has(name.toLowerCase()); count++) name = `${plain}-${count}`;
  used.add(name.toLowerCase());
  return name;
}

/** Maps as numbers, and over the photograph as pictures. */
async function writeMaps(name: string, pixels: PixelGrid, result: EngineResult): Promise<void> {
  const { numHeads, rows, columns, maps } = result;
  await writeFile(
    join(options.out, `${name}.npy`),
    encodeNpy({ shape: [numHeads, rows, columns], values: maps }),
  );
  for (const [suffix, png] of await drawOverlays(pixels, result))
    await writeFile(join(options.out, `${name}${suffix}.png`), png);
}

/** @returns what is wrong, or null */
async function writePatch(
  name: string,
  pixels: PixelGrid,
  framing: FramingOptions,
  result: EngineResult,
  patch: PatchPosition,
): Promise<string | null> {
  const { row, column } = patch;
  const { rows, columns } = result;
  if (!isOnGrid(patch, result))
    return `There is no patch ${row},${column}: the patches go from 0,0 to ${rows - 1},${columns - 1}.`;
  const answer = await engine.attendPatch(name, framing, patch);
  if (answer === null) throw new Error('the pass that ran last is always kept');
  if (!answer.ok) return describeFailure(answer.error);
  await writeMaps(`${name}-patch-${row}-${column}`, pixels, { ...result, maps: answer.value.maps });
  return null;
}

let failures = 0;
const complain = (sentence: string): void => {
  failures++;
  console.error(sentence);
};

async function lookAt(path: string): Promise<void> {
  const photo = await readPhoto(path);
  if (!photo.ok) {
    complain(`${path}: ${describeFailure(photo.error)}`);
    return;
  }
  const framing = { shape: options.square ? 'square' : 'photograph', sidePx } as const;
  const name = nameFor(path);
  const keeping = asked.length > 0 ? { keepAs: name } : {};
  const result = await engine.attend(photo.value, { framing, ...keeping, signal, onProgress: () => {} });
  if (!result.ok) {
    complain(`${path}: ${describeFailure(result.error)}`);
    return;
  }
  for (const notice of photo.value.notices) console.log(`${path}: ${describePhotoNotice(notice)}`);
  const { numHeads, numRegisters, rows, columns, registerMaps, tokens, forwardMs } = result.value;
  await writeMaps(name, photo.value, result.value);
  if (numRegisters > 0)
    await writeFile(
      join(options.out, `${name}-registers.npy`),
      encodeNpy({ shape: [numRegisters, numHeads, rows, columns], values: registerMaps }),
    );
  for (const patch of asked) {
    const problem = await writePatch(name, photo.value, framing, result.value, patch);
    if (problem !== null) complain(`${path}: ${problem}`);
  }
  console.log(
    `${path}: ${numHeads} heads, ${rows} × ${columns} patches, ${tokens} tokens, ${Math.round(forwardMs)} ms`,
  );
}

for (const path of found.paths) {
  const problem = await attempt(() => lookAt(path));
  if (problem !== null) complain(`${path}: ${problem}`);
}
for (const problem of found.problems) complain(problem);
engine.dispose();
// Dawn keeps the process alive.
process.exit(failures === 0 ? 0 : 1);
