/**
 * A Vision Transformer's sizes, from which everything else follows: parameter shapes, token counts, head width.
 * Names follow the official checkpoints (facebookresearch/dino, vision_transformer.py).
 */
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
  /** Side of the square grid of patches that the position embedding was trained for. */
  readonly gridSize: number;
  /** Hidden width of the MLP is embedDim × mlpRatio. */
  readonly mlpRatio: number;
  readonly qkvBias: boolean;
  readonly layerNormEps: number;
}

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
  const { embedDim, depth, patchSize, gridSize, qkvBias } = architecture;
  const hiddenDim = mlpHiddenDim(architecture);
  const shapes = new Map<string, readonly number[]>([
    ['cls_token', [1, 1, embedDim]],
    ['pos_embed', [1, 1 + gridSize * gridSize, embedDim]],
    ['patch_embed.proj.weight', [embedDim, 3, patchSize, patchSize]],
    ['patch_embed.proj.bias', [embedDim]],
  ]);
  for (let block = 0; block < depth; block++) {
    const name = `blocks.${block}.`;
    shapes.set(`${name}norm1.weight`, [embedDim]);
    shapes.set(`${name}norm1.bias`, [embedDim]);
    shapes.set(`${name}attn.qkv.weight`, [3 * embedDim, embedDim]);
    if (qkvBias) shapes.set(`${name}attn.qkv.bias`, [3 * embedDim]);
    shapes.set(`${name}attn.proj.weight`, [embedDim, embedDim]);
    shapes.set(`${name}attn.proj.bias`, [embedDim]);
    shapes.set(`${name}norm2.weight`, [embedDim]);
    shapes.set(`${name}norm2.bias`, [embedDim]);
    shapes.set(`${name}mlp.fc1.weight`, [hiddenDim, embedDim]);
    shapes.set(`${name}mlp.fc1.bias`, [hiddenDim]);
    shapes.set(`${name}mlp.fc2.weight`, [embedDim, hiddenDim]);
    shapes.set(`${name}mlp.fc2.bias`, [embedDim]);
  }
  shapes.set('norm.weight', [embedDim]);
  shapes.set('norm.bias', [embedDim]);
  return shapes;
}

/** Far above every published ViT: a file that asks for more would only make the machine run out of time and memory. */
const limits = { embedDim: 16_384, depth: 256, numHeads: 1024, patchSize: 256, gridSize: 1024, mlpRatio: 64 };

const isPositiveInteger = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0;

/**
 * Checks what a file says of its architecture before anything is believed.
 * @returns the architecture, or a phrase that says what is wrong
 */
export function parseArchitecture(json: unknown): VitArchitecture | string {
  if (typeof json !== 'object' || json === null) return 'the architecture is missing';
  const fields = json as Readonly<Record<string, unknown>>;
  const { embedDim, depth, numHeads, patchSize, gridSize, mlpRatio, layerNormEps } = fields;
  if (fields['family'] !== 'dino')
    return typeof fields['family'] === 'string'
      ? `the family '${fields['family']}' is not known`
      : 'the family is missing';
  if (!isPositiveInteger(embedDim)) return 'embedDim is not a positive whole number';
  if (!isPositiveInteger(depth)) return 'depth is not a positive whole number';
  if (!isPositiveInteger(numHeads)) return 'numHeads is not a positive whole number';
  if (!isPositiveInteger(patchSize)) return 'patchSize is not a positive whole number';
  if (!isPositiveInteger(gridSize)) return 'gridSize is not a positive whole number';
  if (embedDim % numHeads !== 0) return `embedDim ${embedDim} is not a multiple of numHeads ${numHeads}`;
  if (typeof mlpRatio !== 'number' || !(mlpRatio > 0)) return 'mlpRatio is not a positive number';
  if (typeof layerNormEps !== 'number' || !(layerNormEps > 0 && layerNormEps < 1))
    return 'layerNormEps is not a number between 0 and 1';
  if (typeof fields['qkvBias'] !== 'boolean') return 'qkvBias is not true or false';
  const sizes = { embedDim, depth, numHeads, patchSize, gridSize, mlpRatio };
  for (const name of Object.keys(limits) as (keyof typeof limits)[])
    if (sizes[name] > limits[name]) return `${name} ${sizes[name]} is more than ${limits[name]}`;
  const qkvBias = fields['qkvBias'];
  const architecture: VitArchitecture = { family: 'dino', ...sizes, qkvBias, layerNormEps };
  return mlpHiddenDim(architecture) > 0 ? architecture : `mlpRatio ${mlpRatio} leaves the MLP no width`;
}

/** Where our own safetensors files carry the architecture, as JSON: how many heads a network has is not in its tensors. */
export const architectureMetadata = 'dinoscope.architecture';
