/** npm run attend -- <images…>: the page's own engine on the command line, for papers, batches and comparisons. */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeFailure } from '../../src/core/describe-failure.ts';
import { embeddedModelId } from '../../src/core/embedded-model.ts';
import { Engine } from '../../src/engine/engine.ts';
import { encodeNpy } from '../../src/formats/npy.ts';
import { checkpointOptions, checkpointUsage } from '../checkpoint-file.ts';
import { readOptions } from '../read-options.ts';
import { stopWith } from '../stop-with.ts';
import { installDawn } from './dawn.ts';
import { drawOverlays } from './draw-overlays.ts';
import { findModel } from './find-model.ts';
import { readPhoto } from './read-photo.ts';

const usage = `Usage: npm run attend -- <images…> [options]

Writes for each image <name>.npy (float32, [heads, rows, columns]: the last layer's CLS attention over the patches),
<name>-head-<n>.png for each head and <name>-heads.png with all of them. Where the model has registers also
<name>-registers.npy ([registers, heads, rows, columns]: what each of them looks at).

  --model <path>     a checkpoint file as npm run convert takes it, or a folder in tfjs format (default: the embedded model)
  --backend <name>   wasm, cpu, or webgpu by Dawn (default: wasm)
  --side <px>        the long side of what the model sees (default: 320)
  --square           squash to side × side, as the official script does
  --out <folder>     where the files go (default: attend-out)

Of a checkpoint file:
${checkpointUsage}`;

const embeddedModel = fileURLToPath(new URL(`../../public/models/${embeddedModelId}`, import.meta.url));

const { values: options, positionals: images } = readOptions(
  {
    allowPositionals: true,
    options: {
      model: { type: 'string', default: embeddedModel },
      backend: { type: 'string', default: 'wasm' },
      side: { type: 'string', default: '320' },
      square: { type: 'boolean', default: false },
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
  for (let count = 2; used.has(name); count++) name = `${plain}-${count}`;
  used.add(name);
  return name;
}

let failures = 0;
for (const path of images) {
  const photo = await readPhoto(path);
  const framing = { shape: options.square ? 'square' : 'photograph', sidePx } as const;
  const result = photo.ok
    ? await engine.attend(photo.value, { framing, signal, onProgress: () => {} })
    : photo;
  if (!photo.ok || !result.ok) {
    failures++;
    if (!result.ok) console.error(`${path}: ${describeFailure(result.error)}`);
    continue;
  }
  const { numHeads, numRegisters, rows, columns, maps, registerMaps, tokens, forwardMs } = result.value;
  const name = nameFor(path);
  await writeFile(
    join(options.out, `${name}.npy`),
    encodeNpy({ shape: [numHeads, rows, columns], values: maps }),
  );
  if (numRegisters > 0)
    await writeFile(
      join(options.out, `${name}-registers.npy`),
      encodeNpy({ shape: [numRegisters, numHeads, rows, columns], values: registerMaps }),
    );
  for (const [suffix, png] of await drawOverlays(photo.value, result.value))
    await writeFile(join(options.out, `${name}${suffix}.png`), png);
  console.log(
    `${path}: ${numHeads} heads, ${rows} × ${columns} patches, ${tokens} tokens, ${Math.round(forwardMs)} ms`,
  );
}
engine.dispose();
// Dawn keeps the process alive.
process.exit(failures === 0 ? 0 : 1);
