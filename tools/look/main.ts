/** npm run look -- <lens> <images…>: every lens of the page on the command line, for papers, batches and comparisons. */
import { register } from 'node:module';
import { join } from 'node:path';
import { describeFailure, type Failure } from '../../src/core/failure.ts';
import type { ModelDescription } from '../../src/core/model.ts';
import { fail, succeed, type Result } from '../../src/core/result.ts';
import type { ReadPhoto } from '../../src/engine/engine.ts';
import { contractOf, lensIds } from '../../src/lenses/contracts.ts';
import { frameOf, spanOf, type LookResult } from '../../src/lenses/lens-contract.ts';
import { sharedDrawing } from '../../src/render/shared-drawing.ts';
import { checkpointOptions } from '../checkpoint-file.ts';
import { installDawn } from '../dawn.ts';
import { beginCommand } from '../begin-command.ts';
import { makeFolder } from '../file-problem.ts';
import { readOptions, stopWithHelp, stopWithout } from '../read-options.ts';
import { stopWith, stopWithWrong } from '../stop-with.ts';
import { writeWhole } from '../write-whole.ts';
import { describeLookFailure } from './describe-look-failure.ts';
import { againstOptions, findModels } from './against.ts';
import { writeClasses } from './classes.ts';
import { forEachPhoto, photographsOf } from './batch.ts';
import { optionsOf, readFields } from './codec-options.ts';
import { checkOverlap, checkParts, commonOptions, readBackend, readFraming } from './common-options.ts';
import { writeFeatures } from './features.ts';
import { cutOutEndings, fileNameOf, makeCutOuts } from './cut-outs.ts';
import { writeNeighbours } from './knn.ts';
import { writeProbe } from './linear.ts';
import { writeLookAlikes } from './look-alikes.ts';
import { openEngine, type ToolEngine } from './open-engine.ts';
import { createNames } from './output-names.ts';
import { openSide, type Asked, type Side } from './side.ts';
import { generalUsage, usageOf } from './usage.ts';
import { lookEndings, writeLook } from './write-look.ts';

// A lens's view imports its style sheet, which means nothing here.
register(
  `data:text/javascript,${encodeURIComponent(
    "export const load = (url, context, next) => /\\.css$/.test(url) ? { format: 'module', source: '', shortCircuit: true } : next(url, context);",
  )}`,
);

/** What is no lens of the page. Each is given the arguments after its name, and returns the exit code. */
const commands: ReadonlyMap<string, (args: readonly string[]) => Promise<number>> = new Map([
  ['classes', writeClasses],
  ['features', writeFeatures],
  ['knn', writeNeighbours],
  ['linear', writeProbe],
  ['look-alikes', writeLookAlikes],
]);

const [, , lensName = '', ...rest] = process.argv;
if (lensName === '--help' || lensName === '-h') stopWith(generalUsage, 0);
beginCommand();
const command = commands.get(lensName);
// Dawn keeps the process alive.
if (command !== undefined) process.exit(await command(rest));
if (lensName === '') stopWithout('a lens', generalUsage);
const lens =
  lensIds.find((id) => id === lensName) ??
  stopWithHelp(
    `There is no lens ${lensName} among ${[...lensIds, ...commands.keys()].join(', ')}`,
    generalUsage,
  );
const contract = contractOf(lens);

const { values: options, positionals: images } = readOptions(
  {
    args: rest,
    allowPositionals: true,
    options: {
      ...commonOptions,
      ...againstOptions,
      out: { type: 'string', default: 'look-out' },
      cutout: { type: 'boolean', default: false },
      ...checkpointOptions,
      ...optionsOf(contract.params, contract.drawing, sharedDrawing),
      help: { type: 'boolean', short: 'h', default: false },
    },
  },
  usageOf(lens),
  contract.params,
  contract.drawing,
  sharedDrawing,
);
if (options.help) stopWith(usageOf(lens), 0);
if (images.length === 0) stopWithout('at least one image', usageOf(lens));

const asked: Asked = {
  lens,
  params: readFields(contract.params, options),
  drawing: readFields(contract.drawing, options),
  shared: readFields(sharedDrawing, options),
  framing: readFraming(options),
};
const backend = readBackend(options.backend);
const found = await photographsOf(images, options.out);
const isPair = spanOf(contract, asked.params) === 'pair';
if (isPair && found.paths.length !== 2)
  stopWith(`The lens ${lens} looks at two different photographs, and was given ${found.paths.length}.`);
if (isPair && options.against !== undefined)
  stopWithWrong(`The lens ${lens} shows two photographs already; --against is for the other lenses.`);
if (options['against-key'] !== undefined && options.against === undefined)
  stopWithWrong('--against-key says which network of the file that --against names; there is no --against.');
const models = await findModels(options.model, options);
if (backend === 'webgpu') await installDawn();
const { drawComparison, drawPicture, drawStage, viewOf } = await import('./pictures.ts');
const view = viewOf(lens);
if (options.cutout && view.found === undefined) stopWithWrong(`The lens ${lens} makes no masks to cut out.`);

async function sideOf(engine: ToolEngine): Promise<Side> {
  checkOverlap(asked.framing, engine.model);
  const { view: head, block } = asked.drawing as { readonly view?: unknown; readonly block?: unknown };
  // What other lenses draw by a number is no head.
  const hasHeads = lens === 'heads' || lens === 'layers';
  // Where nothing was said, a drawing has a number that means the last block of any network.
  const isBlockAsked = block !== (contract.drawing.defaults as { readonly block?: unknown }).block;
  checkParts(
    { ...(isBlockAsked ? { block } : {}), ...asked.params, ...(hasHeads ? { head } : {}) },
    engine.model,
  );
  console.log(`${engine.model.title} on ${engine.engine.backend.name} (${engine.engine.backend.device})`);
  return openSide(engine, asked, found.paths);
}

const engine = await openEngine(models.own, backend);
await makeFolder(options.out);
const own = await sideOf(engine);
const other =
  models.other === null ? null : await sideOf(await engine.beside(models.other, options.against ?? ''));
const nameFor = createNames(options.out);
const [, secondPath] = isPair ? found.paths : [];
const secondAnswer = secondPath === undefined ? undefined : own.answers?.get(secondPath);
if (secondAnswer?.ok === false) stopWith(`${secondPath}: ${describeFailure(secondAnswer.error)}`);
// A pair's result is its first photograph's.
const shown = isPair ? { ...found, paths: found.paths.slice(0, 1) } : found;
const describeAt = (failure: Failure, { pixels }: ReadPhoto, { model }: ToolEngine): string =>
  describeLookFailure(failure, pixels, asked.framing, model);
const sceneOf = (looked: LookResult<unknown>) => ({ looked, ...asked });
const write = (file: string, data: Uint8Array): Promise<void> => writeWhole(join(options.out, file), data);

/** What the second model says of the same photograph; null where there is none. */
async function lookBeside(
  path: string,
  photo: ReadPhoto,
): Promise<Result<LookResult<unknown> | null, string>> {
  if (other === null) return succeed(null);
  const looked = await other.look(path, photo);
  return looked.ok
    ? looked
    : fail(`${other.engine.model.title}: ${describeAt(looked.error, photo, other.engine)}`);
}

/** @returns what the first model's JSON says of the second */
async function compare(
  name: string,
  path: string,
  photo: ReadPhoto,
  first: LookResult<unknown>,
  second: LookResult<unknown> | null,
): Promise<object> {
  if (other === null || second === null) return {};
  const { png, agreement } = await drawComparison(lens, photo.pixels, [
    { name: own.engine.model.title, scene: sceneOf(first) },
    { name: other.engine.model.title, scene: sceneOf(second) },
  ]);
  await write(`${name}-compared.png`, png);
  const against = (model: ModelDescription) => ({ against: { model, agreement } });
  await writeLook(
    options.out,
    `${name}-against`,
    { asked, image: path, side: other, looked: second },
    against(own.engine.model),
  );
  return against(other.engine.model);
}

const failures = await forEachPhoto(shown, async (path, photo) => {
  const looked = await own.look(path, photo);
  if (!looked.ok) return { problem: describeAt(looked.error, photo, engine) };
  const second = await lookBeside(path, photo);
  if (!second.ok) return { problem: second.error };
  const { passes } = looked.value;
  const scene = sceneOf(looked.value);
  const masks = options.cutout ? (view.found?.(scene) ?? []) : null;
  const tiles = view
    .tiles(scene, asked.drawing, engine.model)
    .map(({ title, layers }) => ({ ending: `-${fileNameOf(title)}.png`, layers }));
  const endings = [
    '.png',
    ...lookEndings(lens, looked.value),
    ...tiles.map(({ ending }) => ending),
    ...cutOutEndings(masks ?? []),
    ...(second.value === null
      ? []
      : ['-compared.png', ...lookEndings(lens, second.value).map((ending) => `-against${ending}`)]),
  ].map((ending) => `-${lens}${ending}`);
  const name = `${await nameFor(path, endings)}-${lens}`;
  const compared = await compare(name, path, photo, looked.value, second.value);
  const cutOuts = masks === null ? null : await makeCutOuts(photo.pixels, masks, name);
  for (const [file, data] of cutOuts?.files ?? []) await write(file, data);
  await writeLook(
    options.out,
    name,
    { asked, image: path, side: own, looked: looked.value },
    {
      ...(secondPath === undefined ? {} : { second: { image: secondPath, frame: passes[1]?.frame } }),
      ...(cutOuts === null ? {} : { masks: cutOuts.masks }),
      ...compared,
    },
  );
  await write(`${name}.png`, await drawStage(lens, scene, photo.pixels, secondPath));
  for (const { ending, layers } of tiles)
    await write(`${name}${ending}`, await drawPicture(photo.pixels, layers));
  const { rows, columns } = frameOf(looked.value);
  const { tokens = 0, timings } = passes[0] ?? {};
  return {
    done: `${rows} × ${columns} patches, ${tokens} tokens, ${Math.round(timings?.forwardMs ?? 0)} ms`,
  };
});
engine.dispose();
// Dawn keeps the process alive.
process.exit(failures === 0 ? 0 : 1);
