/**
 * What is trained: a backbone and its projection head, by the official script's names (`backbone.…`, `head.…`), and how each
 * parameter lies on the device. Layouts there are vit/parameters' own, so the page's forward pass runs on a trainer's tensors.
 */
import { elementCount, parameterShapes, type VitArchitecture } from '../core/architecture.ts';
import type { TrainingConfiguration } from '../core/training.ts';
import { transposed } from '../core/transposed.ts';
import { patchMatrix } from '../vit/parameters.ts';

export type HeadSizes = Pick<TrainingConfiguration, 'hiddenDim' | 'bottleneckDim' | 'outputDim'>;

export interface ParameterSpec {
  /** E.g. `backbone.blocks.0.attn.qkv.weight`, `head.mlp.0.bias`. */
  readonly name: string;
  /** As PyTorch saves it. */
  readonly officialShape: readonly number[];
  /** As it lies on the device: of rank 1 or 2. */
  readonly deviceShape: readonly number[];
  /** Weight decay is for parameters of more than one official dimension, and no bias. */
  readonly decays: boolean;
  /** Official layout → device layout; may return its argument. */
  toDevice(values: Float32Array): Float32Array;
  /** Device layout → official layout; may return its argument. */
  toOfficial(values: Float32Array): Float32Array;
}

/** Weight-normalised, its gain fixed at 1: only the direction of each row is a parameter. */
export const lastLayerName = 'head.last_layer.weight_v';

const same = (values: Float32Array): Float32Array => values;

/** Matrix [P × P × 3, C] → convolution weight [C, 3, P, P]: `patchMatrix` the other way round. */
function patchConvolution(values: Float32Array, embedDim: number, patchSize: number): Float32Array {
  const pixels = patchSize * patchSize;
  const result = new Float32Array(values.length);
  for (let out = 0; out < embedDim; out++)
    for (let colour = 0; colour < 3; colour++)
      for (let pixel = 0; pixel < pixels; pixel++)
        result[(out * 3 + colour) * pixels + pixel] = values[(pixel * 3 + colour) * embedDim + out] as number;
  return result;
}

function specOf(name: string, officialShape: readonly number[]): ParameterSpec {
  const decays = officialShape.length > 1 && !name.endsWith('.bias');
  const base = { name, officialShape, decays };
  const [first = 1, second = 1] = officialShape;
  if (officialShape.length === 4) {
    const patchSize = officialShape[3] ?? 1;
    return {
      ...base,
      deviceShape: [patchSize * patchSize * second, first],
      toDevice: (values) => patchMatrix(values, first, patchSize),
      toOfficial: (values) => patchConvolution(values, first, patchSize),
    };
  }
  if (officialShape.length === 2)
    return {
      ...base,
      deviceShape: [second, first],
      toDevice: (values) => transposed(values, first, second),
      toOfficial: (values) => transposed(values, second, first),
    };
  // cls_token [1, 1, C] and pos_embed [1, 1 + G², C]; vectors as they are.
  const deviceShape = officialShape.length === 3 ? officialShape.slice(1) : officialShape;
  return { ...base, deviceShape, toDevice: same, toOfficial: same };
}

/** @returns every parameter, in the official order: the backbone's, then the head's */
export function parameterSpecs(
  architecture: VitArchitecture,
  { hiddenDim, bottleneckDim, outputDim }: HeadSizes,
): ParameterSpec[] {
  const backbone = [...parameterShapes(architecture)].map(([name, shape]) =>
    specOf(`backbone.${name}`, shape),
  );
  const widths = [architecture.embedDim, hiddenDim, hiddenDim, bottleneckDim] as const;
  const mlp = [0, 1, 2].flatMap((layer) => {
    const [inputs = 0, outputs = 0] = widths.slice(layer, layer + 2);
    // The layers between are GELU, so that the linear ones are 0, 2 and 4.
    const name = `head.mlp.${2 * layer}`;
    return [specOf(`${name}.weight`, [outputs, inputs]), specOf(`${name}.bias`, [outputs])];
  });
  return [...backbone, ...mlp, specOf(lastLayerName, [outputDim, bottleneckDim])];
}

export const parameterCountOf = (specs: readonly ParameterSpec[]): number =>
  specs.reduce((sum, { officialShape }) => sum + elementCount(officialShape), 0);

/** Whether a parameter is frozen for the whole run: everything up to the last frozen block. */
export function isFrozen(name: string, frozenBlocks: number): boolean {
  if (frozenBlocks === 0 || !name.startsWith('backbone.') || name.startsWith('backbone.norm.')) return false;
  const block = /^backbone\.blocks\.(\d+)\./.exec(name)?.[1];
  return block === undefined || Number(block) < frozenBlocks;
}
