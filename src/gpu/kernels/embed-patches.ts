/**
 * From a photograph to tokens in one dispatch: the linear layer on patches, with CLS and registers in front and positions
 * added.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel, int32, unroll } from './define-kernel.ts';

export interface EmbedPatchesInputs {
  /** shape [height, width, 3]; sides are multiples of the patch size */
  readonly image: tf.TensorInfo;
  /** shape [P × P × 3, C], over patch rows, columns, colour channels; C a multiple of 4 */
  readonly weight: tf.TensorInfo;
  /** shape [C] */
  readonly bias: tf.TensorInfo;
  /** shape [S, C]: CLS and the registers */
  readonly special: tf.TensorInfo;
  /** shape [T, C], added to all tokens */
  readonly positions: tf.TensorInfo;
}

interface EmbedPatchesAttributes {
  /** P, in px. */
  readonly patchSize: number;
  /** In px, from one patch to the next: P, or a part of it where patches overlap. */
  readonly stride: number;
}

/** How many numbers of a patch row (of 3 × P) are read at once: the largest of 4, 2 and 1 that divides where patches begin. */
const stepFor = (stride: number): 1 | 2 | 4 => (stride % 4 === 0 ? 4 : stride % 2 === 0 ? 2 : 1);

/**
 * An invocation holds `tile` patches × 4 channels in registers, as the linear kernel does. It reads each patch directly
 * from the image: P rows of 3 × P adjacent numbers. The rows after the last patch handle the special tokens.
 */
function embedCode(tile: number, step: 1 | 2 | 4): string {
  const rows = (code: (row: number) => string): string => unroll(tile, code);
  return `
  fn main() {
    let tokens = uniforms.outShape.x;
    let vectors = uniforms.outShape.y / 4;
    let patches = tokens - uniforms.specialShape.x;
    let side = uniforms.patchSize;
    let hop = uniforms.stride;
    let across = (uniforms.imageShape.y - side) / hop + 1;
    let line_length = uniforms.imageShape.y * 3 / ${step};
    let first = i32(globalId.y) * ${tile};
    let column = i32(globalId.x);
    if (first >= tokens || column >= vectors) { return; }
    ${rows(
      (i) => `let patch_${i} = min(first + ${i}, patches - 1);
    var from_${i} = patch_${i} / across * hop * line_length + patch_${i} % across * hop * 3 / ${step};
    var sum_${i} = bias[column];`,
    )}
    var w = column;
    let lines = select(0, side, first < patches);
    for (var line = 0; line < lines; line++) {
      for (var k = 0; k < 3 * side / ${step}; k++) {
        ${rows((i) => `let x_${i} = image[from_${i} + k];`)}
        ${unroll(
          step,
          (component) => `{
          let weights = weight[w];
          w += vectors;
          ${rows((i) => `sum_${i} += x_${i}${step === 1 ? '' : `[${component}]`} * weights;`)}
        }`,
        )}
      }
      ${rows((i) => `from_${i} += line_length;`)}
    }
    ${rows(
      (i) => `if (first + ${i} < patches) {
      let to = (uniforms.specialShape.x + first + ${i}) * vectors + column;
      result[to] = sum_${i} + positions[to];
    } else if (first + ${i} < tokens) {
      let to = (first + ${i} - patches) * vectors + column;
      result[to] = special[to] + positions[to];
    }`,
    )}
  }`;
}

const workgroup = { vectors: 8, tiles: 8 };
/** As in the linear kernel: fewer rows an invocation if there would be too few invocations to keep a GPU busy. */
const enoughInvocations = 4096;

/** Tokens of an image, shape [T, C]: the special tokens, then the patches row by row. */
export const embedPatchesKernel = defineKernel<EmbedPatchesInputs, EmbedPatchesAttributes>(
  'DinoscopeEmbedPatches',
  ({ image, weight, bias, special, positions }, { patchSize, stride }) => {
    const [tokens = 0, channels = 0] = positions.shape;
    const vectors = channels / 4;
    const tile = (tokens / 8) * vectors >= enoughInvocations ? 8 : 4;
    const step = stepFor(stride);
    return {
      program: {
        variableNames: ['image', 'weight', 'bias', 'special', 'positions'],
        variableComponents: [step, 4, 4, 4, 4],
        outputComponent: 4,
        outputShape: [tokens, channels],
        dispatchLayout: { x: [1], y: [0] },
        dispatch: [Math.ceil(vectors / workgroup.vectors), Math.ceil(tokens / (tile * workgroup.tiles)), 1],
        workgroupSize: [workgroup.vectors, workgroup.tiles, 1],
        uniforms: 'patchSize : i32, stride : i32,',
        shaderKey: `dinoscope-embed-patches-${tile}-${step}`,
        getUserCode: () => embedCode(tile, step),
      },
      inputs: [image, weight, bias, special, positions],
      uniforms: [int32(patchSize), int32(stride)],
    };
  },
);
