/**
 * How long each patch's token is after a block, as its L2 norm. Large networks have a few patches with tokens many times as long as the
 * others: the outliers of "Vision Transformers Need Registers" (Darcet et al., 2023).
 */
import { defineCodec, oneOf, onOrOff } from '../../core/codec.ts';
import { blockField, type BlockChoice } from '../block-choice.ts';
import type { LensContract } from '../lens-contract.ts';

export interface NormsParams {
  readonly block: BlockChoice;
  /** Of the last block: its tokens before the network's final norm, where the outliers are, or after it. Other blocks have no such norm. */
  readonly finalNorm: 'before' | 'after';
}

export interface NormsDrawing {
  readonly smooth: boolean;
}

export interface NormsResult {
  /** From 0. */
  readonly block: number;
  readonly depth: number;
  /** Whether the tokens have gone through the final norm. */
  readonly isAfterFinalNorm: boolean;
  readonly rows: number;
  readonly columns: number;
  /** shape [rows, columns]: √Σx² over the channels of each patch's token. */
  readonly map: Float32Array<ArrayBuffer>;
  /** shape [1 + R]: of CLS and of each register. */
  readonly specialNorms: Float32Array<ArrayBuffer>;
  /** Over the patches. */
  readonly min: number;
  readonly median: number;
  readonly max: number;
  /** How many patches are longer than `outlierFactor` times the median. */
  readonly outliers: number;
}

/** The paper draws a line by hand for each network, between the two groups of patches that it sees; this one needs no hand. */
export const outlierFactor = 2;

export const normsContract: LensContract<NormsParams, NormsDrawing, NormsResult> = {
  title: 'Norms',
  about: 'How long each patch’s token is after a block; a few may be much longer than the others.',
  asks: false,
  params: defineCodec({
    block: blockField,
    finalNorm: oneOf(['before', 'after'], {
      help: 'tokens of the last block before or after the final norm',
    }),
  }),
  forgets: [],
  drawing: defineCodec({
    smooth: onOrOff({ defaultValue: false, help: 'interpolated between patches; off: patch by patch' }),
  }),
};
