/** Fuzz targets for texts and small files: arrays, settings, lists, indices, configurations. */
import { parseArchitecture } from '../../core/architecture.ts';
import { partsByIndex, partsByName } from '../../core/checkpoint-parts.ts';
import { decodeNpy, encodeNpy } from '../../formats/npy.ts';
import { elementCount } from '../../core/architecture.ts';
import { findRepeatedName } from '../../formats/repeated-name.ts';
import { findImageSizes } from '../../models/image-sizes.ts';
import { readNetworkConfig } from '../../models/network-config.ts';
import { readNormalisation } from '../../models/own-normalisation.ts';
import { parseServedModels } from '../../ui/models/served-models.ts';
import { noteIds } from '../../ui/state/notes.ts';
import { parseSettings } from '../../ui/state/settings.ts';
import { damage, type SeededRandom } from '../../core/seeded-random.ts';
import { damageJson, exchangeFields, type NonEmpty } from './damages.ts';
import type { FuzzTarget } from './fuzz-target.ts';

const arrays: NonEmpty<Uint8Array<ArrayBuffer>> = [
  encodeNpy({ shape: [2, 3], values: new Float32Array(6) }),
  encodeNpy({ shape: [6, 4, 5], values: new Float32Array(120) }),
  encodeNpy({ shape: [0], values: new Float32Array() }),
];

function readArray(random: SeededRandom): boolean {
  const bytes = random.pick(arrays);
  const changed = random.below(3) === 0 ? exchangeFields(bytes, 0, 130, random) : damage(bytes, random);
  const { shape, values } = decodeNpy(changed);
  if (values.length !== elementCount(shape)) throw new Error(`${values.length} values for ${shape.join()}`);
  return true;
}

const settings = JSON.stringify({
  theme: 'light',
  notesSeen: ['slower', 'ask-a-patch'],
  model: { kind: 'stored', id: 'own-dino' },
  shared: { colours: 'viridis', opacityPercent: '60' },
  drawings: { heads: { view: '3', hidden: '1,2', style: 'mask', mass: '70' } },
});

const servedModels = JSON.stringify({
  models: [
    { id: 'dino-s8', title: 'DINO ViT-S/8', bytes: 43_000_000 },
    { id: 'b', title: 'B', bytes: 1 },
  ],
});

const index = JSON.stringify({
  metadata: { total_size: 9 },
  weight_map: {
    cls_token: 'model-00001-of-00002.safetensors',
    'norm.bias': 'model-00002-of-00002.safetensors',
  },
});

const configs: NonEmpty<string> = [
  JSON.stringify({ model_type: 'vit', image_size: 224, patch_size: 16, num_attention_heads: 6 }),
  JSON.stringify({
    do_normalize: true,
    image_mean: [0.5, 0.5, 0.5],
    image_std: 0.5,
    rescale_factor: 1 / 255,
  }),
  JSON.stringify({
    architecture: 'vit_small_patch16_224',
    pretrained_cfg: { input_size: [3, 224, 224], crop_pct: 0.9, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    model_args: { img_size: [48, 64] },
  }),
  JSON.stringify({
    family: 'dino',
    embedDim: 16,
    depth: 2,
    numHeads: 2,
    patchSize: 4,
    gridSize: [6, 8],
    mlpRatio: 2,
    qkvBias: true,
    layerNormEps: 1e-6,
    numRegisters: 4,
    layerScale: true,
  }),
];

const parseJson = (text: string): { readonly json: unknown } | null => {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    return null;
  }
};

function readConfig(random: SeededRandom): boolean {
  const text = damageJson(random.pick(configs), random);
  const parsed = parseJson(text);
  if (parsed === null) return false;
  findRepeatedName(text);
  for (const { height, width } of findImageSizes(parsed.json))
    if (!(height > 0 && width > 0)) throw new Error(`an image of ${height} × ${width} px`);
  const heads = readNetworkConfig(parsed.json, new Map()).numHeads;
  if (heads !== undefined && typeof heads !== 'number') throw new Error('heads that are no number');
  const own = readNormalisation(parsed.json, parsed.json);
  if (own !== null && ![...own.mean, ...own.std].every(Number.isFinite))
    throw new Error('a normalisation that gives no numbers');
  return typeof parseArchitecture(parsed.json) !== 'string';
}

function readIndex(random: SeededRandom): boolean {
  const parsed = parseJson(damageJson(index, random));
  const parts = parsed === null ? null : partsByIndex('model.safetensors.index.json', parsed.json);
  for (const name of parts?.names ?? []) {
    if (/[/\\]/.test(name)) throw new Error(`a part outside the folder: ${name}`);
    partsByName(name);
  }
  return parts !== null;
}

export const textTargets: readonly FuzzTarget[] = [
  { name: '.npy', run: readArray },
  {
    name: 'remembered settings',
    run: (random) => {
      const parsed = parseJson(damageJson(settings, random));
      const { shared, theme, model, notesSeen } = parseSettings(parsed?.json);
      const { opacityPercent } = shared;
      if (!(opacityPercent >= 0 && opacityPercent <= 100) || !['dark', 'light'].includes(theme))
        throw new Error(`${opacityPercent} % opaque, ${theme}`);
      if (model !== null && /[/\\]/.test(model.id)) throw new Error(`a path for an id: ${model.id}`);
      if (notesSeen.length > noteIds.length) throw new Error(`${notesSeen.length} notes`);
      return parsed !== null;
    },
  },
  {
    name: 'models.json',
    run: (random) => {
      const parsed = parseJson(damageJson(servedModels, random));
      const models = parseServedModels(parsed?.json);
      for (const { id } of models) if (/[/\\]/.test(id)) throw new Error(`a path for an id: ${id}`);
      return models.length > 0;
    },
  },
  { name: 'index of a checkpoint in several files', run: readIndex },
  { name: 'config.json', run: readConfig },
];
