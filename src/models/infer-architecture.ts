/** A Vision Transformer's sizes from its tensors' shapes. The head count is not in them; see `chooseHeads`. */
import { gridSizeOf, mlpHiddenDim, parseArchitecture, type VitArchitecture } from '../core/architecture.ts';
import type { PatchGrid } from '../core/geometry.ts';

type Shapes = ReadonlyMap<string, readonly number[]>;

/** Published ViTs of this kind have heads of this width, but for those below. */
const usualHeadWidth = 64;
/** Channels of ViT-H, ViT-g and ViT-G, as in MAE, DeiT III and torchvision. */
const widthsOf16Heads: readonly number[] = [1280, 1408, 1664];
/** Its small network has them, where others of this size have 6; so have some programs' networks of these channels. */
export const mocoV3Heads = 12;
export const widthsOf12Heads: readonly number[] = [192, 384];
/** The official code's; a state dict does not record it. */
const usualEps = 1e-6;

interface HeadHints {
  /** Given by a person or a config: takes precedence. */
  readonly numHeads: number | undefined;
  readonly isMocoV3: boolean;
}

export interface ArchitectureHints extends HeadHints {
  /** The grid of its positions, see `chooseGrid`. */
  readonly grid: PatchGrid;
  /** Where the file says it. */
  readonly layerNormEps?: number | undefined;
}

/** @returns the head count, or a phrase that says why there is none */
function chooseHeads(embedDim: number, { numHeads, isMocoV3 }: HeadHints): number | string {
  if (numHeads !== undefined) return numHeads;
  if (isMocoV3 && embedDim % mocoV3Heads === 0) return mocoV3Heads;
  if (widthsOf16Heads.includes(embedDim)) return 16;
  return embedDim % usualHeadWidth === 0
    ? embedDim / usualHeadWidth
    : `how many heads it has is not in the file, and ${embedDim} channels are no multiple of ${usualHeadWidth}; ` +
        'the head count must be given (--heads, or a config.json beside it)';
}

/** The MLP's width as a ratio that `mlpHiddenDim` turns back into exactly that width. */
function ratioOf(hiddenDim: number, embedDim: number): number {
  const ratio = hiddenDim / embedDim;
  return Math.floor(embedDim * ratio) === hiddenDim ? ratio : (hiddenDim + 0.5) / embedDim;
}

/** @returns how many blocks there are by the largest number of one */
export function depthOf(shapes: Shapes): number {
  const blocks = [...shapes.keys()].map((name) => Number(/^blocks\.(\d+)\./.exec(name)?.[1] ?? -1));
  return blocks.reduce((largest, block) => Math.max(largest, block), -1) + 1;
}

/**
 * Looks only at shapes that tell a size. `checkParameters` checks whether every parameter is there and fits.
 * @param shapes by official parameter names
 * @returns the architecture, or a phrase that says what is missing
 */
export function inferArchitecture(shapes: Shapes, hints: ArchitectureHints): VitArchitecture | string {
  const embedDim = shapes.get('cls_token')?.at(-1);
  if (embedDim === undefined) return 'it is no Vision Transformer: there is no cls_token';
  const patches = shapes.get('patch_embed.proj.weight');
  const patchSize = patches?.at(-1);
  if (patches === undefined || patchSize === undefined)
    return 'it has no patch_embed.proj.weight, which tells the patch size';
  const [, channels, ...sides] = patches;
  if (sides.length !== 2)
    return `its patch_embed.proj.weight is [${patches.join(', ')}], and not a convolution that tells the patch size`;
  if (channels !== 3)
    return `its pictures have other channels than a photograph's 3 (patch_embed.proj.weight is [${patches.join(', ')}])`;
  if (sides[0] !== sides[1]) return `its patches are ${sides.join(' × ')} px; only square ones can be used`;
  const depth = depthOf(shapes);
  if (depth === 0) return 'it has no blocks';
  const hiddenDim = shapes.get('blocks.0.mlp.fc1.weight')?.[0];
  if (hiddenDim === undefined)
    return shapes.has('blocks.0.mlp.w12.weight')
      ? 'its MLPs are gated (SwiGLU, mlp.w12), as in DINOv2 giant; only those of two layers with GELU can be run'
      : 'it has no blocks.0.mlp.fc1.weight, which tells the width of the MLP';
  // The gate and the values in one: half of them come out.
  const inner = shapes.get('blocks.0.mlp.fc2.weight')?.[1];
  if (inner !== undefined && hiddenDim === 2 * inner)
    return `its MLPs are gated (SwiGLU, mlp.fc1 of ${hiddenDim} and mlp.fc2 of ${inner} channels); only those of two layers with GELU can be run`;
  const numHeads = chooseHeads(embedDim, hints);
  if (typeof numHeads === 'string') return numHeads;
  const architecture = parseArchitecture({
    family: 'dino',
    embedDim,
    depth,
    numHeads,
    patchSize,
    gridSize: gridSizeOf(hints.grid),
    mlpRatio: ratioOf(hiddenDim, embedDim),
    qkvBias: [...shapes.keys()].some((name) => name.endsWith('.attn.qkv.bias')),
    layerNormEps: hints.layerNormEps ?? usualEps,
    numRegisters: shapes.get('register_tokens')?.at(-2) ?? 0,
    layerScale: shapes.has('blocks.0.ls1.gamma'),
  });
  if (typeof architecture !== 'string' && mlpHiddenDim(architecture) !== hiddenDim)
    throw new Error(`an MLP ratio of ${architecture.mlpRatio} does not give ${hiddenDim}`);
  return architecture;
}
