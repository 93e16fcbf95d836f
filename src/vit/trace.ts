/** CLS's attention in each block, and its output feature: for comparing with another implementation. */
import type { Size } from '../core/geometry.ts';
import { runForward, type ForwardOptions } from './forward.ts';
import type { VitParameters } from './parameters.ts';
import { readAttention, readTokens } from './read-attention.ts';

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
  size: Size,
  options: ForwardOptions,
): Promise<ForwardTrace> {
  const { depth, embedDim } = parameters.architecture;
  const tapped = await runForward(
    parameters,
    input,
    size,
    [
      { of: 'attention', blocks: 'all', queries: [0] },
      { of: 'tokens', block: depth - 1, facet: 'out' },
    ],
    options,
  );
  try {
    const { values, tokens } = await readAttention(tapped, 'all', [0]);
    const features = await readTokens(tapped, depth - 1, 'out');
    return { clsAttention: values, clsFeature: features.slice(0, embedDim), tokens };
  } finally {
    tapped.dispose();
  }
}
