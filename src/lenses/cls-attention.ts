/** Where CLS looks in the last block. */
import type { Pass } from '../engine/pass.ts';
import type { Tap } from '../vit/taps.ts';

export const clsAttentionTap = ({ depth }: { readonly depth: number }): Tap => ({
  of: 'attention',
  blocks: [depth - 1],
  queries: 'special',
});

/**
 * @param pass with `clsAttentionTap`
 * @returns CLS's attention on each patch, mean over the heads, shape [rows × columns]
 * @throws FailureError on a fault of the device, or where a row does not sum to 1
 */
export async function readClsAttention(pass: Pass): Promise<Float32Array<ArrayBuffer>> {
  const { depth, numRegisters } = pass.model;
  const { values, numHeads, tokens } = await pass.readAttention([depth - 1], [0]);
  const first = 1 + numRegisters;
  return Float32Array.from({ length: tokens - first }, (_, patch) => {
    let sum = 0;
    for (let head = 0; head < numHeads; head++) sum += values[head * tokens + first + patch] as number;
    return sum / numHeads;
  });
}
