/** What a token looks at in every block and every head. */
import { defineCodec, onOrOff, wholeNumber } from '../../core/codec.ts';
import type { HeadChoice } from '../../render/head-layers.ts';
import type { MapDrawing } from '../../render/map-layers.ts';
import { headField, mapDrawingFields } from '../shared-fields.ts';
import { defineAskingCodec, type LensContract, type Query } from '../lens-contract.ts';

export interface LayersParams extends Query {
  /**
   * Whether each head's entropy and mean attention distance are measured, which needs the attention of all tokens.
   */
  readonly measure: boolean;
}

/** The grid of all blocks and heads, or one block as in the lens `heads`. */
export type LayersChoice = 'grid' | HeadChoice;

export interface LayersDrawing extends MapDrawing {
  readonly view: LayersChoice;
  /** From 1; a number that is too large means the last block. */
  readonly block: number;
}

export interface LayersResult {
  readonly query: Query;
  /** L */
  readonly depth: number;
  /** H */
  readonly numHeads: number;
  readonly rows: number;
  readonly columns: number;
  /** shape [L, H, rows, columns]: each block's softmax(QKᵀ/√d), the asked token's row, patch columns. */
  readonly maps: Float32Array<ArrayBuffer>;
  /** shape [L, H]: the entropy of the asked token's row over all tokens, in nats. */
  readonly ownEntropy: Float32Array<ArrayBuffer>;
  /** shape [L, H] each, means over all queries (Raghu et al., 2021); null if not measured. */
  readonly measured: {
    /** In nats. */
    readonly entropy: Float32Array<ArrayBuffer>;
    /** In patches. */
    readonly distance: Float32Array<ArrayBuffer>;
  } | null;
}

export const layersContract: LensContract<LayersParams, LayersDrawing, LayersResult> = {
  title: 'Layers',
  about: 'Where each head of every block looks, from the first block to the last.',
  asks: true,
  params: defineAskingCodec({
    measure: onOrOff({ defaultValue: true, help: 'entropy and mean attention distance of each head' }),
  }),
  forgets: ['view', 'block'],
  drawing: defineCodec({
    view: headField(['grid', 'all', 'mean'], 'all blocks and heads, or one block’s heads'),
    block: wholeNumber({ defaultValue: 999, min: 1, max: 999, help: 'which block; 999 is the last one' }),
    ...mapDrawingFields,
  }),
};
