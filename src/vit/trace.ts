/**
 * The fast pass with a look into every layer: CLS's attention in each block, and the feature that comes out. For comparing
 * with another implementation layer by layer; the page looks at the last block alone (`attend`).
 */
import * as tf from '@tensorflow/tfjs-core';
import { specialTokenCount } from '../core/architecture.ts';
import { defaultMaxScoresBytes, type AttendOptions } from './attend.ts';
import { layersFor } from './block-layers.ts';
import { gridOf } from './layers.ts';
import type { VitParameters } from './parameters.ts';
import { attentionInputs, firstRows, runBlock } from './run-block.ts';
import { checkRows } from './softmax-rows.ts';

export interface ForwardTrace {
  /** shape [L, H, T]: the CLS row of every block's softmax(QKᵀ/√d), over all tokens. */
  readonly clsAttention: Float32Array<ArrayBuffer>;
  /** shape [C]: the CLS token after the final norm. */
  readonly clsFeature: Float32Array<ArrayBuffer>;
  readonly tokens: number;
}

/**
 * @param input shape [height, width, 3], normalised RGB, sides whole patches
 * @throws FailureError on a fault of the device, or where a row fails its check
 */
export async function traceForward(
  parameters: VitParameters,
  input: Float32Array,
  size: { readonly height: number; readonly width: number },
  { faults, afterBlock, maxScoresBytes = defaultMaxScoresBytes }: AttendOptions,
): Promise<ForwardTrace> {
  const { architecture, blocks, norm } = parameters;
  const { numHeads, depth, embedDim, layerNormEps } = architecture;
  const { rows, columns } = gridOf(size, architecture.patchSize);
  const tokens = specialTokenCount(architecture) + rows * columns;
  const layers = layersFor(architecture, tokens, maxScoresBytes);
  const clsAttention = new Float32Array(depth * numHeads * tokens);
  const read = async (tensor: tf.Tensor): Promise<Float32Array> => {
    try {
      return (await faults.race(tensor.data())) as Float32Array;
    } finally {
      tensor.dispose();
    }
  };
  let x = tf.tidy(() => layers.embed(parameters, tf.tensor3d(input, [size.height, size.width, 3])));
  try {
    for (const [index, block] of blocks.entries()) {
      const attention = await read(
        tf.tidy(() =>
          firstRows(attentionInputs(x, block, architecture, layers), block, architecture, layers, 1),
        ),
      );
      checkRows(attention, { numHeads, queries: 1, tokens });
      clsAttention.set(attention, index * numHeads * tokens);
      const next = runBlock(x, block, architecture, layers);
      x.dispose();
      x = next;
      await afterBlock(index + 1);
      faults.check();
    }
    const feature = await read(
      tf.tidy(() => layers.layerNorm(tf.slice2d(x, [0, 0], [1, embedDim]), norm, layerNormEps)),
    );
    faults.check();
    return { clsAttention, clsFeature: Float32Array.from(feature), tokens };
  } finally {
    x.dispose();
  }
}
