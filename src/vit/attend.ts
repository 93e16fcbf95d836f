/** What CLS and the registers look at in the last block: one pass, nothing kept. */
import { specialTokenCount, type VitArchitecture } from '../core/architecture.ts';
import type { Size } from '../core/geometry.ts';
import { runForward, type ForwardOptions } from './forward.ts';
import type { VitParameters } from './parameters.ts';
import { readAttention } from './read-attention.ts';
import { takeColumns } from './softmax-rows.ts';
import type { Tapped } from './tapped.ts';
import type { Tap } from './taps.ts';

/** Rows of the last block's softmax(QKᵀ/√d), separated by query and by target; not renormalised. */
export interface SpecialAttention {
  readonly numHeads: number;
  /** R; the special tokens are CLS and R registers, S = 1 + R. */
  readonly numRegisters: number;
  readonly rows: number;
  readonly columns: number;
  /** T = S + rows × columns. */
  readonly tokens: number;
  /** shape [H, rows, columns]: what CLS gives to the patches. */
  readonly maps: Float32Array<ArrayBuffer>;
  /** shape [R, H, rows, columns]: what each register gives to the patches. */
  readonly registerMaps: Float32Array<ArrayBuffer>;
  /** shape [H, S]: what CLS gives to itself and to each register. With `maps`, a head sums to 1. */
  readonly specialShares: Float32Array<ArrayBuffer>;
  /** From the first op to the values read back from the device. */
  readonly forwardMs: number;
}

const lastRows = ({ depth }: VitArchitecture): Tap => ({
  of: 'attention',
  blocks: [depth - 1],
  queries: 'special',
});

/** Rows of the special tokens in the last block. @param tapped keeps these rows, or 'all' of the last block; borrowed */
export async function readSpecial(tapped: Tapped): Promise<SpecialAttention> {
  const { rows, columns, tokens, startedAt, parameters } = tapped;
  const { numHeads, numRegisters, depth } = parameters.architecture;
  const special = specialTokenCount(parameters.architecture);
  const { values, readAt } = await readAttention(tapped, [depth - 1], 'special');
  const patches = { begin: special, end: tokens };
  return {
    numHeads,
    numRegisters,
    rows,
    columns,
    tokens,
    maps: takeColumns(values, { numHeads, tokens }, { begin: 0, end: 1 }, patches),
    registerMaps: takeColumns(values, { numHeads, tokens }, { begin: 1, end: special }, patches),
    specialShares: takeColumns(
      values,
      { numHeads, tokens },
      { begin: 0, end: 1 },
      { begin: 0, end: special },
    ),
    forwardMs: readAt - startedAt,
  };
}

/**
 * What CLS and the registers look at.
 * @param parameters borrowed
 * @param input shape [height, width, 3], normalised RGB, sides whole patches
 * @throws FailureError on a fault of the device, or where the result fails its check
 */
export async function attendSpecial(
  parameters: VitParameters,
  input: Float32Array,
  size: Size,
  options: ForwardOptions,
): Promise<SpecialAttention> {
  const tapped = await runForward(parameters, input, size, [lastRows(parameters.architecture)], options);
  try {
    return await readSpecial(tapped);
  } finally {
    tapped.dispose();
  }
}
