/** The networks that the bench times: published shapes with random weights, and the embedded model on a photograph. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  elementCount,
  mlpHiddenDim,
  parameterShapes,
  type VitArchitecture,
} from '../src/core/architecture.ts';
import { embeddedModelId } from '../src/core/embedded-model.ts';
import type { WeightStorage } from '../src/gpu/kernels/half-weights.ts';
import { framePhotograph } from '../src/media/framing.ts';
import { prepareInput } from '../src/media/prepare-input.ts';
import { tfjsModel } from '../src/models/load-model.ts';
import { vitSmall16 } from '../src/testing/vit-small-16.ts';
import { folderSource } from '../tools/attend/folder-source.ts';
import { readPhoto } from '../tools/photographs/read-photo.ts';

export interface Network {
  readonly id: string;
  readonly title: string;
  readonly architecture: VitArchitecture;
  readonly height: number;
  readonly width: number;
  readonly tokens: number;
  /** The number format of the weights in their file. */
  readonly weights: WeightStorage;
  /** GFLOP of a pass that computes only CLS's row in the last block. */
  readonly gflop: number;
}

const fromRoot = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** GFLOP of a pass. It counts only the matrix products, which are nearly all of the work. */
function passGflop(architecture: VitArchitecture, tokens: number): number {
  const { embedDim, depth, patchSize } = architecture;
  const block =
    2 * tokens * embedDim * (4 * embedDim + 2 * mlpHiddenDim(architecture)) + 4 * tokens * tokens * embedDim;
  const embedding = 2 * tokens * patchSize * patchSize * 3 * embedDim;
  const last = 2 * tokens * embedDim * (embedDim + 1);
  return (embedding + (depth - 1) * block + last) / 1e9;
}

function network(
  id: string,
  title: string,
  architecture: VitArchitecture,
  weights: WeightStorage,
  height: number,
  width = height,
): Network {
  const tokens = 1 + (height / architecture.patchSize) * (width / architecture.patchSize);
  return { id, title, architecture, weights, height, width, tokens, gflop: passGflop(architecture, tokens) };
}

const small8 = { ...vitSmall16, patchSize: 8, gridSize: 28 };
const base16 = { ...vitSmall16, embedDim: 768, numHeads: 12 };

export const publishedShapes: readonly Network[] = [
  network('s16-224', 'ViT-S/16, 224 × 224', vitSmall16, 'float32', 224),
  network('b16-224', 'ViT-B/16, 224 × 224', base16, 'float32', 224),
  network('s8-224', 'ViT-S/8, 224 × 224', small8, 'float32', 224),
  network('s8-480', 'ViT-S/8, 480 × 480', small8, 'float32', 480),
];

/** Uniform random numbers with variance 1 (mulberry32). */
export function* randomNumbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    yield (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 - 0.5) * Math.sqrt(12);
  }
}

/**
 * Standard deviation of a parameter's values. It keeps the size of the activations. Queries and keys get a larger one, so that
 * attention is sharp: nearly uniform attention would hide errors.
 */
function deviation(name: string, shape: readonly number[]): number {
  if (/norm\d?\.weight$|\.bias$/.test(name)) return 0.1;
  if (name === 'pos_embed' || name === 'cls_token') return 0.5;
  const inputs = elementCount(shape) / (shape[0] ?? 1);
  return (name.endsWith('attn.qkv.weight') ? 1.5 : 1) / Math.sqrt(inputs);
}

/** All parameters one after another, in the official order. */
function randomWeights(architecture: VitArchitecture): Float32Array<ArrayBuffer> {
  const shapes = parameterShapes(architecture);
  const values = new Float32Array([...shapes.values()].reduce((sum, shape) => sum + elementCount(shape), 0));
  const random = randomNumbers(1);
  let at = 0;
  for (const [name, shape] of shapes) {
    const spread = deviation(name, shape);
    const mean = /norm\d?\.weight$/.test(name) ? 1 : 0;
    for (const end = at + elementCount(shape); at < end; at++)
      values[at] = mean + spread * random.next().value;
  }
  return values;
}

/** Waves of several lengths and some noise, with about the range of a normalised photograph. */
function randomImage({ height, width }: Network): Float32Array<ArrayBuffer> {
  const random = randomNumbers(7);
  const draw = (): number => random.next().value;
  const waves = Array.from({ length: 12 }, () => [16 * draw(), 16 * draw(), draw(), 0.5 * draw()] as const);
  return Float32Array.from({ length: height * width * 3 }, (_, i) => {
    const x = (Math.floor(i / 3) % width) / width;
    const y = Math.floor(i / (3 * width)) / height;
    const sum = waves.reduce(
      (total, [a, b, c, size]) => total + size * Math.sin(a * x + b * y + c + (i % 3)),
      0,
    );
    return 0.7 * sum + 0.15 * draw();
  });
}

interface Prepared {
  readonly network: Network;
  readonly weights: Float32Array<ArrayBuffer>;
  readonly input: Float32Array;
}

/** The embedded model, and the cat as its input, `patches` patches wide. */
async function embedded(id: string, patches: number): Promise<Prepared> {
  const loaded = await tfjsModel(folderSource(fromRoot(`public/models/${embeddedModelId}`)))(
    new AbortController().signal,
    () => {},
  );
  const photo = await readPhoto(fromRoot('public/samples/cat.jpg'));
  if (!loaded.ok || !photo.ok) throw new Error('the embedded model or the sample photograph is broken');
  const { architecture, parameters, title } = loaded.value;
  const frame = framePhotograph(
    photo.value,
    { shape: 'photograph', sidePx: patches * architecture.patchSize },
    architecture.patchSize,
  );
  const { height, width } = frame.inputSizePx;
  const values = [...parameterShapes(architecture).keys()].flatMap(
    (name) => parameters.get(name)?.values ?? [],
  );
  const weights = new Float32Array(values.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of values) {
    weights.set(part, at);
    at += part.length;
  }
  return {
    network: network(id, `${title}, ${height} × ${width}`, architecture, 'float16', height, width),
    weights,
    input: prepareInput(photo.value, frame),
  };
}

const published = (each: Network): Prepared => ({
  network: each,
  weights: randomWeights(each.architecture),
  input: randomImage(each),
});

const write = (file: string, { buffer, byteOffset, byteLength }: Float32Array): Promise<void> =>
  writeFile(file, new Uint8Array(buffer, byteOffset, byteLength));

/** Writes `<id>.weights` and `<id>.input` of the wanted networks into `folder`. @returns the networks, least work first */
export async function prepareNetworks(folder: string, wanted: (id: string) => boolean): Promise<Network[]> {
  const all: readonly (readonly [id: string, prepare: () => Prepared | Promise<Prepared>])[] = [
    ['embedded-12', () => embedded('embedded-12', 12)],
    // The page's own input, where nobody chooses another.
    ['embedded-20', () => embedded('embedded-20', 20)],
    ['embedded-40', () => embedded('embedded-40', 40)],
    ...publishedShapes.map((each) => [each.id, () => published(each)] as const),
  ];
  const networks: Network[] = [];
  for (const [id, prepare] of all.filter(([each]) => wanted(each))) {
    const { network: each, weights, input } = await prepare();
    await write(join(folder, `${id}.weights`), weights);
    await write(join(folder, `${id}.input`), input);
    networks.push(each);
  }
  return networks.sort((a, b) => a.gflop - b.gflop);
}
