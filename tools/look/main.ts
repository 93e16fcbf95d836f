/** npm run look -- <lens> <images…>: every lens of the page on the command line, for papers, batches and comparisons. */
import { writeFile } from 'node:fs/promises';
import { register } from 'node:module';
import { join } from 'node:path';
import type { Fields } from '../../src/core/codec.ts';
import { describeFailure } from '../../src/core/failure.ts';
import { encodeNpy } from '../../src/formats/npy.ts';
import { fail } from '../../src/core/result.ts';
import { computes } from '../../src/lenses/computes.ts';
import { contractOf, lensIds, type LensId } from '../../src/lenses/contracts.ts';
import type { LensCompute } from '../../src/lenses/lens-compute.ts';
import { frameOf, spanOf } from '../../src/lenses/lens-contract.ts';
import { sharedDrawing } from '../../src/render/shared-drawing.ts';
import { checkpointOptions, checkpointUsage } from '../checkpoint-file.ts';
import { installDawn } from '../attend/dawn.ts';
import { findModel } from '../attend/find-model.ts';
import { endOnFileProblems } from '../file-problem.ts';
import type { PixelGrid } from '../../src/media/resample.ts';
import { readPhoto } from '../photographs/read-photo.ts';
import { photographUsage } from '../photographs/find-photographs.ts';
import { readOptions } from '../read-options.ts';
import { stopWith } from '../stop-with.ts';
import { createNames, forEachPhoto, makeFolder, photographsOf } from './batch.ts';
import { describeFields, optionsOf, readFields, withBareSwitches } from './codec-options.ts';
import { checkOverlap, commonOptions, commonUsage, readBackend, readFraming } from './common-options.ts';
import { writeFeatures } from './features.ts';
import { fileNameOf, makeCutOuts } from './cut-outs.ts';
import { lookAtAll } from './look-at-all.ts';
import { openEngine } from './open-engine.ts';

// A lens's view imports its style sheet, which means nothing here.
register(
  `data:text/javascript,${encodeURIComponent(
    "export const load = (url, context, next) => /\\.css$/.test(url) ? { format: 'module', source: '', shortCircuit: true } : next(url, context);",
  )}`,
);

const lensList = lensIds
  .map((id) => `  ${id.padEnd(12)} ${contractOf(id).about.replace(/\.$/, '')}`)
  .join('\n');

const usageOf = (id: LensId): string => `Usage: npm run look -- ${id} <images…> [options]

${contractOf(id).about} Writes for each image <name>-${id}.npy (the main array), <name>-${id}.json (model, where the
patches lie, parameters, numbers), <name>-${id}.png, and a picture of each way to draw it, as the page draws them.

${photographUsage}

${commonUsage}
  --out <folder>     where the files go (default: look-out)
  --cutout           each mask, and what it cuts out, as PNG too; of lenses that make masks

What is computed:
${describeFields(contractOf(id).params.fields)}

How it is drawn:
${describeFields({ ...contractOf(id).drawing.fields, ...sharedDrawing.fields } as Fields<object>)}

Of a checkpoint file:
${checkpointUsage}`;

const generalUsage = `Usage: npm run look -- <lens> <images…> [options]

Lenses:
${lensList}

  ${'features'.padEnd(12)} No picture: the features of all tokens, as numbers

npm run look -- <lens> --help tells what a lens can be told.`;

const [, , lensName = '', ...rest] = process.argv;
if (lensName === '--help' || lensName === '-h') stopWith(generalUsage, 0);
endOnFileProblems();
// Dawn keeps the process alive.
if (lensName === 'features') process.exit(await writeFeatures(rest));
const lens = lensIds.find((id) => id === lensName) ?? stopWith(generalUsage, 2);
const contract = contractOf(lens);
const compute = computes[lens] as unknown as LensCompute<object, unknown>;

const { values: options, positionals: images } = readOptions(
  {
    args: withBareSwitches(rest, contract.params, contract.drawing, sharedDrawing),
    allowPositionals: true,
    options: {
      ...commonOptions,
      out: { type: 'string', default: 'look-out' },
      cutout: { type: 'boolean', default: false },
      ...checkpointOptions,
      ...optionsOf(contract.params, contract.drawing, sharedDrawing),
      help: { type: 'boolean', short: 'h', default: false },
    },
  },
  usageOf(lens),
);
if (options.help || images.length === 0) stopWith(usageOf(lens), options.help ? 0 : 2);

const params = readFields(contract.params, options);
const drawing = readFields(contract.drawing, options);
const shared = readFields(sharedDrawing, options);
const backend = readBackend(options.backend);
const framing = readFraming(options);
const found = await photographsOf(images);
const span = spanOf(contract, params);
if (span === 'pair' && found.paths.length !== 2)
  stopWith(`The lens ${lens} looks at two photographs; ${found.paths.length} were given.`);
const load = await findModel(options.model, options);
if (backend === 'webgpu') await installDawn();
const { drawPair, drawPicture, drawSheet } = await import('./canvas.ts');
const { viewOf } = await import('../../src/lenses/views.ts');
const view = viewOf(lens);
if (options.cutout && view.found === undefined) stopWith(`The lens ${lens} makes no masks to cut out.`);
const engine = await openEngine(load, backend);
checkOverlap(framing, engine.model);
console.log(`${engine.model.title} on ${engine.engine.backend.name} (${engine.engine.backend.device})`);
await makeFolder(options.out);
const nameFor = createNames();
/** Of a look at all photographs at once. */
const answers = span === 'one' ? null : await lookAtAll(engine, { lens, params, framing }, found.paths);
const [, secondPath] = span === 'pair' ? found.paths : [];
const secondAnswer = secondPath === undefined ? undefined : answers?.get(secondPath);
if (secondAnswer?.ok === false) stopWith(`${secondPath}: ${describeFailure(secondAnswer.error)}`);
// A pair's result is its first photograph's.
const shown = span === 'pair' ? { ...found, paths: found.paths.slice(0, 1) } : found;
/** What the page's stage shows: the photograph, many small pictures of it, or it and a second one. */
async function drawStage(scene: Parameters<typeof view.layers>[0], first: PixelGrid): Promise<Uint8Array> {
  const sheet = view.sheet?.(scene) ?? null;
  if (sheet !== null) return drawSheet(first, sheet);
  const layers = view.layers(scene);
  const beside = view.beside?.(scene) ?? null;
  if (beside === null || secondPath === undefined) return drawPicture(first, layers);
  const second = await readPhoto(secondPath);
  if (!second.ok) stopWith(`${secondPath}: ${describeFailure(second.error)}`);
  const picture = { first: { frame: frameOf(scene.looked), layers }, second: beside };
  return drawPair({ first, second: second.value, picture });
}

const failures = await forEachPhoto(shown, async (path, photo) => {
  const name = `${nameFor(path)}-${lens}`;
  const looked =
    answers === null
      ? await engine.look(lens, params as never, path, photo, framing)
      : (answers.get(path) ?? fail({ code: 'unreadable-file' }));
  if (!looked.ok) return { problem: describeFailure(looked.error) };
  const { result, passes } = looked.value;
  const frame = frameOf(looked.value);
  const write = (suffix: string, data: Uint8Array | string): Promise<void> =>
    writeFile(join(options.out, `${name}${suffix}`), data);
  const arrays = compute.arrays(result);
  for (const { suffix, shape, values } of arrays) await write(`${suffix}.npy`, encodeNpy({ shape, values }));
  const { tokens = 0, timings } = passes[0] ?? {};
  const scene = { looked: looked.value, params, drawing, shared };
  const cutOuts = options.cutout ? await makeCutOuts(photo.pixels, view.found?.(scene) ?? [], name) : null;
  for (const [file, data] of cutOuts?.files ?? []) await writeFile(join(options.out, file), data);
  const facts = {
    image: path,
    lens,
    model: engine.model,
    backend: engine.engine.backend.name,
    frame,
    ...(secondPath === undefined ? {} : { second: { image: secondPath, frame: passes[1]?.frame } }),
    overlap: framing.overlap,
    tokens,
    timings,
    parameters: params,
    arrays: arrays.map(({ suffix, shape }) => ({ file: `${name}${suffix}.npy`, shape })),
    ...compute.numbers(result),
    ...(cutOuts === null ? {} : { masks: cutOuts.masks }),
  };
  await write('.json', `${JSON.stringify(facts, null, 2)}\n`);
  await write('.png', await drawStage(scene, photo.pixels));
  for (const tile of view.tiles(scene, drawing, engine.model))
    await write(`-${fileNameOf(tile.title)}.png`, await drawPicture(photo.pixels, tile.layers));
  return {
    done: `${frame.rows} × ${frame.columns} patches, ${tokens} tokens, ${Math.round(timings?.forwardMs ?? 0)} ms`,
  };
});
engine.dispose();
// Dawn keeps the process alive.
process.exit(failures === 0 ? 0 : 1);
