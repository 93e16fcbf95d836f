/**
 * A Vision Transformer's sizes, from which everything else follows: parameter shapes, token counts, head width.
 * Names follow the official checkpoints (vision_transformer.py of facebookresearch/dino and facebookresearch/dinov2).
 */
import type { PatchGrid } from './geometry.ts';

/** The side of a square, in patches; of an oblong grid its rows and columns. */
export type GridSize = number | readonly [rows: number, columns: number];

export interface VitArchitecture {
  readonly family: 'dino';
  /** C, channels of a token. */
  readonly embedDim: number;
  /** Number of blocks. */
  readonly depth: number;
  /** H; the head width D is embedDim / numHeads. */
  readonly numHeads: number;
  /** Side of a square patch in px. */
  readonly patchSize: number;
  /** The grid of patches that the position embedding was trained for. */
  readonly gridSize: GridSize;
  /** Hidden width of the MLP is embedDim × mlpRatio. */
  readonly mlpRatio: number;
  readonly qkvBias: boolean;
  readonly layerNormEps: number;
  /** R, register tokens (DINOv2): learnt, without a position, between CLS and the patches. */
  readonly numRegisters: number;
  /** Whether each channel of a block's two updates has a learnt gain (DINOv2's `ls1.gamma`, `ls2.gamma`). */
  readonly layerScale: boolean;
}

/**
 * How the position embedding is fitted to another grid than the trained one. Both are bicubic:
 * - 'offset': by the scale factor (side + 0.1) / grid, a = −0.75, without antialiasing (DINO, DINOv2 without registers);
 * - 'antialiased': by the ratio of the sizes, a = −0.5, with antialiasing where it shrinks (DINOv2 with registers).
 */
export type PositionResampling = 'offset' | 'antialiased';

/** No checkpoint records its resampling. The official models with registers are antialiased, the others are not. */
export const positionResampling = ({ numRegisters }: VitArchitecture): PositionResampling =>
  numRegisters > 0 ? 'antialiased' : 'offset';

/** CLS and the registers: the tokens that are not patches. They come before the patches. */
export const specialTokenCount = ({ numRegisters }: Pick<VitArchitecture, 'numRegisters'>): number =>
  1 + numRegisters;

/** @returns the grid that the position embedding was trained for */
export const trainedGrid = ({ gridSize }: Pick<VitArchitecture, 'gridSize'>): PatchGrid =>
  typeof gridSize === 'number'
    ? { rows: gridSize, columns: gridSize }
    : { rows: gridSize[0], columns: gridSize[1] };

export const gridSizeOf = ({ rows, columns }: PatchGrid): GridSize =>
  rows === columns ? rows : [rows, columns];

/** A parameter's values in the official PyTorch layout, e.g. a linear layer's weight is [out, in]. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, side) => product * side, 1);

export const mlpHiddenDim = (architecture: VitArchitecture): number =>
  Math.floor(architecture.embedDim * architecture.mlpRatio);

/** @returns official parameter name → shape, in the order of the official state dict */
export function parameterShapes(architecture: VitArchitecture): Map<string, readonly number[]> {
  const { embedDim, depth, patchSize, qkvBias, numRegisters, layerScale } = architecture;
  const { rows, columns } = trainedGrid(architecture);
  const hiddenDim = mlpHiddenDim(architecture);
  const shapes = new Map<string, readonly number[]>([
    ['cls_token', [1, 1, embedDim]],
    ['pos_embed', [1, 1 + rows * columns, embedDim]],
  ]);
  if (numRegisters > 0) shapes.set('register_tokens', [1, numRegisters, embedDim]);
  shapes.set('patch_embed.proj.weight', [embedDim, 3, patchSize, patchSize]);
  shapes.set('patch_embed.proj.bias', [embedDim]);
  for (let block = 0; block < depth; block++) {
    const name = `blocks.${block}.`;
    shapes.set(`${name}norm1.weight`, [embedDim]);
    shapes.set(`${name}norm1.bias`, [embedDim]);
    shapes.set(`${name}attn.qkv.weight`, [3 * embedDim, embedDim]);
    if (qkvBias) shapes.set(`${name}attn.qkv.bias`, [3 * embedDim]);
    shapes.set(`${name}attn.proj.weight`, [embedDim, embedDim]);
    shapes.set(`${name}attn.proj.bias`, [embedDim]);
    if (layerScale) shapes.set(`${name}ls1.gamma`, [embedDim]);
    shapes.set(`${name}norm2.weight`, [embedDim]);
    shapes.set(`${name}norm2.bias`, [embedDim]);
    shapes.set(`${name}mlp.fc1.weight`, [hiddenDim, embedDim]);
    shapes.set(`${name}mlp.fc1.bias`, [hiddenDim]);
    shapes.set(`${name}mlp.fc2.weight`, [embedDim, hiddenDim]);
    shapes.set(`${name}mlp.fc2.bias`, [embedDim]);
    if (layerScale) shapes.set(`${name}ls2.gamma`, [embedDim]);
  }
  shapes.set('norm.weight', [embedDim]);
  shapes.set('norm.bias', [embedDim]);
  return shapes;
}

/** Far above every published ViT. A larger network would only use up time and memory. */
const limits = {
  embedDim: 16_384,
  depth: 256,
  numHeads: 1024,
  patchSize: 256,
  gridSize: 1024,
  mlpRatio: 64,
  numRegisters: 64,
};

const isPositiveInteger = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0;

/** @returns null where it is neither a number nor two */
function parseGridSize(value: unknown): GridSize | null {
  if (isPositiveInteger(value)) return value;
  const [rows, columns, ...rest] = Array.isArray(value) ? (value as unknown[]) : [];
  if (!isPositiveInteger(rows) || !isPositiveInteger(columns) || rest.length > 0) return null;
  return gridSizeOf({ rows, columns });
}

/**
 * Checks the architecture that a file states. Older files do not name registers and LayerScale; they have none.
 * @returns the architecture, or a phrase that says what is wrong
 */
export function parseArchitecture(json: unknown): VitArchitecture | string {
  if (typeof json !== 'object' || json === null) return 'the architecture is missing';
  const fields = json as Readonly<Record<string, unknown>>;
  const { embedDim, depth, numHeads, patchSize, mlpRatio, layerNormEps } = fields;
  const gridSize = parseGridSize(fields['gridSize']);
  const { numRegisters = 0, layerScale = false } = fields;
  if (fields['family'] !== 'dino')
    return typeof fields['family'] === 'string'
      ? `the family '${fields['family']}' is not known`
      : 'the family is missing';
  if (!isPositiveInteger(embedDim)) return 'embedDim is not a positive whole number';
  if (!isPositiveInteger(depth)) return 'depth is not a positive whole number';
  if (!isPositiveInteger(numHeads)) return 'numHeads is not a positive whole number';
  if (!isPositiveInteger(patchSize)) return 'patchSize is not a positive whole number';
  if (gridSize === null) return 'gridSize is neither a positive whole number nor two of them';
  if (embedDim % numHeads !== 0) return `embedDim ${embedDim} is not a multiple of numHeads ${numHeads}`;
  if (typeof mlpRatio !== 'number' || !(mlpRatio > 0)) return 'mlpRatio is not a positive number';
  if (typeof layerNormEps !== 'number' || !(layerNormEps > 0 && layerNormEps < 1))
    return 'layerNormEps is not a number between 0 and 1';
  if (typeof fields['qkvBias'] !== 'boolean') return 'qkvBias is not true or false';
  if (numRegisters !== 0 && !isPositiveInteger(numRegisters))
    return 'numRegisters is not a whole number from 0';
  if (typeof layerScale !== 'boolean') return 'layerScale is not true or false';
  const sizes = { embedDim, depth, numHeads, patchSize, mlpRatio, numRegisters };
  const { rows, columns } = trainedGrid({ gridSize });
  const counts = { ...sizes, gridSize: Math.max(rows, columns) };
  for (const name of Object.keys(limits) as (keyof typeof limits)[])
    if (counts[name] > limits[name]) return `${name} ${counts[name]} is more than ${limits[name]}`;
  const qkvBias = fields['qkvBias'];
  const architecture: VitArchitecture = {
    family: 'dino',
    ...sizes,
    gridSize,
    qkvBias,
    layerNormEps,
    layerScale,
  };
  return mlpHiddenDim(architecture) > 0 ? architecture : `mlpRatio ${mlpRatio} leaves the MLP no width`;
}

/**
 * The metadata entry of our safetensors files that has the architecture, as JSON. The tensors do not tell the number
 * of heads.
 */
export const architectureMetadata = 'dinoscope.architecture';
