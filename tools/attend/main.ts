/** npm run attend -- <images…>: the heads lens, by the file names that it always had. */
import { join } from 'node:path';
import { countOf } from '../../src/core/count-of.ts';
import { describeFailure } from '../../src/core/failure.ts';
import { isOnGrid, type PatchPosition } from '../../src/core/geometry.ts';
import { encodeNpy } from '../../src/formats/npy.ts';
import type { ReadPhoto } from '../../src/engine/engine.ts';
import { headsContract, type HeadsResult } from '../../src/lenses/heads/contract.ts';
import { frameOf, type LookResult } from '../../src/lenses/lens-contract.ts';
import { headLayers } from '../../src/render/head-layers.ts';
import { sharedDrawing } from '../../src/render/shared-drawing.ts';
import { checkpointOptions, checkpointUsage } from '../checkpoint-file.ts';
import { forEachPhoto, photographsOf } from '../look/batch.ts';
import { drawPicture } from '../look/canvas.ts';
import {
  checkOverlap,
  commonOptions,
  commonUsage,
  readBackend,
  readFraming,
} from '../look/common-options.ts';
import { describeGrid } from '../look/describe-look-failure.ts';
import { openEngine } from '../look/open-engine.ts';
import { createNames } from '../look/output-names.ts';
import { beginCommand } from '../begin-command.ts';
import { makeFolder } from '../file-problem.ts';
import { photographUsage } from '../photographs/find-photographs.ts';
import { readOptions, stopWithout } from '../read-options.ts';
import { stopWith, stopWithWrong } from '../stop-with.ts';
import { writeWhole } from '../write-whole.ts';
import { installDawn } from '../dawn.ts';
import { findModel } from './find-model.ts';

const usage = `Usage: npm run attend -- <images…> [options]

Writes for each image <name>.npy (float32, [heads, rows, columns]: the last layer's CLS attention over the patches),
<name>-head-<n>.png for each head and <name>-heads.png with all of them, as the page draws them. Where the model has registers also
<name>-registers.npy ([registers, heads, rows, columns]: what each of them looks at). For each patch that is asked for the same
files but that one, <name>-patch-<row>-<column>.npy and so on: what that patch looks at. npm run look knows more lenses.

${photographUsage}

${commonUsage}
  --patch <row,col>  a patch that is asked too, counted from 0 as in the arrays (the page counts from 1); several if you like
  --out <folder>     where the files go (default: attend-out)

Of a checkpoint file:
${checkpointUsage}`;

beginCommand();
const { values: options, positionals: images } = readOptions(
  {
    allowPositionals: true,
    options: {
      ...commonOptions,
      patch: { type: 'string', multiple: true, default: [] },
      out: { type: 'string', default: 'attend-out' },
      ...checkpointOptions,
      help: { type: 'boolean', short: 'h', default: false },
    },
  },
  usage,
);
if (options.help) stopWith(usage, 0);
if (images.length === 0) stopWithout('at least one image', usage);
const backend = readBackend(options.backend);
const framing = readFraming(options);
const asked = options.patch.map(readPatch);

function readPatch(text: string): PatchPosition {
  return (
    headsContract.params.fields.patch.read(text) ??
    stopWithWrong(`--patch ${text} is not a row and a column, as in --patch 3,7.`)
  );
}

const found = await photographsOf(images, options.out);
const load = await findModel(options.model, options);
if (backend === 'webgpu') await installDawn();
const engine = await openEngine(load, backend);
checkOverlap(framing, engine.model);
const { numHeads, numRegisters } = engine.model;
console.log(`${engine.model.title} on ${engine.engine.backend.name} (${engine.engine.backend.device})`);
await makeFolder(options.out);
const nameFor = createNames(options.out);
const plain = headsContract.params.defaults;
const look = (path: string, photo: ReadPhoto, query: { token?: number; patch?: PatchPosition }) =>
  engine.look('heads', { ...plain, ...query }, path, photo, framing);

const headNumbers = Array.from({ length: numHeads }, (_, head) => head + 1);
const endingOf = ({ row, column }: PatchPosition): string => `-patch-${row}-${column}`;
/** Of the files of a photograph. */
const endings = [
  ...['', ...asked.map(endingOf)].flatMap((of) => [
    `${of}.npy`,
    `${of}-heads.png`,
    ...headNumbers.map((head) => `${of}-head-${head}.png`),
  ]),
  ...(numRegisters > 0 ? ['-registers.npy'] : []),
];

/** Maps as numbers, and over the photograph as pictures. */
async function writeMaps(name: string, photo: ReadPhoto, looked: LookResult<HeadsResult>): Promise<void> {
  const { rows, columns, maps } = looked.result;
  const file = (suffix: string): string => join(options.out, `${name}${suffix}`);
  await writeWhole(file('.npy'), encodeNpy({ shape: [numHeads, rows, columns], values: maps }));
  const draw = (view: 'all' | number): Promise<Uint8Array> =>
    drawPicture(
      photo.pixels,
      headLayers(
        frameOf(looked),
        looked.result,
        { ...headsContract.drawing.defaults, view },
        sharedDrawing.defaults,
      ),
    );
  for (const head of headNumbers) await writeWhole(file(`-head-${head}.png`), await draw(head - 1));
  await writeWhole(file('-heads.png'), await draw('all'));
}

/** What each register looks at, shape [registers, heads, rows, columns]. @returns what is wrong, or null */
async function writeRegisters(name: string, path: string, photo: ReadPhoto): Promise<string | null> {
  const maps: number[] = [];
  let shape: number[] = [];
  for (let token = 1; token <= numRegisters; token++) {
    const looked = await look(path, photo, { token });
    if (!looked.ok) return describeFailure(looked.error);
    const { rows, columns } = looked.value.result;
    shape = [numRegisters, numHeads, rows, columns];
    maps.push(...looked.value.result.maps);
  }
  const bytes = encodeNpy({ shape, values: Float32Array.from(maps) });
  if (numRegisters > 0) await writeWhole(join(options.out, `${name}-registers.npy`), bytes);
  return null;
}

const failures = await forEachPhoto(found, async (path, photo) => {
  const looked = await look(path, photo, {});
  if (!looked.ok) return { problem: describeFailure(looked.error) };
  const { rows, columns } = frameOf(looked.value);
  const [pass] = looked.value.passes;
  const name = await nameFor(path, endings);
  await writeMaps(name, photo, looked.value);
  const problem = await writeRegisters(name, path, photo);
  if (problem !== null) return { problem };
  for (const patch of asked) {
    const { row, column } = patch;
    if (!isOnGrid(patch, { rows, columns }))
      return {
        problem: `There is no patch ${row},${column}: ${describeGrid({ rows, columns })}.`,
      };
    const answer = await look(path, photo, { patch });
    if (!answer.ok) return { problem: describeFailure(answer.error) };
    await writeMaps(`${name}${endingOf(patch)}`, photo, answer.value);
  }
  return {
    done: `${countOf(numHeads, 'head')}, ${rows} × ${columns} patches, ${pass?.tokens} tokens, ${Math.round(pass?.timings.forwardMs ?? 0)} ms`,
  };
});
engine.dispose();
// Dawn keeps the process alive.
process.exit(failures === 0 ? 0 : 1);
