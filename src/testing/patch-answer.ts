import type { PatchPosition } from '../core/geometry.ts';
import type { PatchAttentionResult } from '../rpc/engine-contract.ts';

/** What a patch answers of a photograph of so many patches and two heads, each value another. */
export function patchAnswer(
  patch: PatchPosition,
  { rows = 6, columns = 12 }: { readonly rows?: number; readonly columns?: number } = {},
): PatchAttentionResult {
  const numHeads = 2;
  const first = patch.row * columns + patch.column;
  return {
    ...patch,
    numHeads,
    rows,
    columns,
    maps: Float32Array.from({ length: numHeads * rows * columns }, (_, i) => (first + i) / 1000),
    specialShares: Float32Array.of(0.1, 0.2),
    lookMs: 2,
  };
}
