/** What the page asks of a pass: what CLS and the registers look at in the last block, and, if it is kept, what patches look at. */
import { specialTokenCount, type VitArchitecture } from '../core/architecture.ts';
import type { Size } from '../core/geometry.ts';
import { runForward, type ForwardOptions } from './forward.ts';
import type { VitParameters } from './parameters.ts';
import { readAttention } from './read-attention.ts';
import { takeColumns } from './softmax-rows.ts';
import type { Tapped } from './tapped.ts';
import { tappedBytes, type Tap } from './taps.ts';

/** Softmax rows of the last block, softmax(QKᵀ/√d), taken apart by what looks and what is looked at; not renormalised. */
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

/** With these any token of the last block can be asked afterwards. */
export const keptTaps = (architecture: VitArchitecture): readonly Tap[] => [
  { of: 'attention', blocks: [architecture.depth - 1], queries: 'all' },
];

/** What a kept pass takes on the device. */
export const keptBytes = (tokens: number, architecture: VitArchitecture): number =>
  tappedBytes(architecture, tokens, keptTaps(architecture));

async function readSpecial(tapped: Tapped): Promise<SpecialAttention> {
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

async function attend(
  parameters: VitParameters,
  input: Float32Array,
  size: Size,
  taps: readonly Tap[],
  options: ForwardOptions,
): Promise<{ readonly attention: SpecialAttention; readonly pass: Tapped }> {
  const pass = await runForward(parameters, input, size, taps, options);
  try {
    return { attention: await readSpecial(pass), pass };
  } catch (error) {
    pass.dispose();
    throw error;
  }
}

/**
 * What CLS and the registers look at, and what it takes to ask other tokens.
 * @param parameters borrowed, also by the pass
 * @param input shape [height, width, 3], normalised RGB, sides whole patches
 * @throws FailureError on a fault of the device, or where the result fails its check
 */
export const attendAndKeep = (
  parameters: VitParameters,
  input: Float32Array,
  size: Size,
  options: ForwardOptions,
): Promise<{ readonly attention: SpecialAttention; readonly pass: Tapped }> =>
  attend(parameters, input, size, keptTaps(parameters.architecture), options);

/** As `attendAndKeep`, and nothing is kept. */
export async function attendSpecial(
  parameters: VitParameters,
  input: Float32Array,
  size: Size,
  options: ForwardOptions,
): Promise<SpecialAttention> {
  const taps = [lastRows(parameters.architecture)];
  const { attention, pass } = await attend(parameters, input, size, taps, options);
  pass.dispose();
  return attention;
}
