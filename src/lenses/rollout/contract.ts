/** What a token looks at through all blocks: attention rollout (Abnar and Zuidema, 2020). */
import { defineCodec, oneOf, realNumber } from '../../core/codec.ts';
import { fusions, type RolloutOptions } from '../../core/rollout-options.ts';
import type { MapDrawing } from '../../render/map-layers.ts';
import { mapDrawingFields } from '../shared-fields.ts';
import { defineAskingCodec, type LensContract, type Query } from '../lens-contract.ts';

export interface RolloutParams extends Query {
  readonly fusion: RolloutOptions['fusion'];
  /** Share of each block's lowest entries that are set to 0. */
  readonly discard: number;
  readonly normalise: RolloutOptions['normalise'];
}

export interface RolloutResult {
  readonly query: Query;
  readonly depth: number;
  readonly rows: number;
  readonly columns: number;
  /** shape [rows, columns]: the asked token's row of the product, patch columns. Not renormalised. */
  readonly map: Float32Array<ArrayBuffer>;
  /** shape [1 + R]: the share of CLS and of each register. */
  readonly specialShares: Float32Array<ArrayBuffer>;
}

export const rolloutContract: LensContract<RolloutParams, MapDrawing, RolloutResult> = {
  title: 'Rollout',
  about: 'What has reached a token through all blocks, heads and residual connections together.',
  asks: true,
  params: defineAskingCodec({
    fusion: oneOf(fusions, { help: 'how a block’s heads become one' }),
    discard: realNumber({
      defaultValue: 0,
      min: 0,
      max: 0.99,
      help: 'share of each block’s lowest entries that is set to 0',
    }),
    normalise: oneOf(['rows', 'vit-explain'], {
      help: 'rows sum to 1, as in the paper; or as in the program vit-explain',
    }),
  }),
  forgets: [],
  drawing: defineCodec(mapDrawingFields),
};
