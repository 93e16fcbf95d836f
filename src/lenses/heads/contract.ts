/** What each head of one block looks at, for one token. DINO is known for these pictures. */
import { defineCodec, onOrOff, type Field } from '../../core/codec.ts';
import type { HeadDrawing } from '../../render/head-layers.ts';
import { blockField, type BlockChoice } from '../block-choice.ts';
import { headField, mapDrawingFields } from '../shared-fields.ts';
import { defineAskingCodec, type LensContract, type Query } from '../lens-contract.ts';

export interface HeadsParams extends Query {
  readonly block: BlockChoice;
}

export interface HeadsResult {
  /** The index of the block, from 0. */
  readonly block: number;
  /** The asked token: as in the parameters, or CLS if the network does not have that register. */
  readonly query: Query;
  readonly numHeads: number;
  /** R, register tokens; 0 for most networks. */
  readonly numRegisters: number;
  readonly rows: number;
  readonly columns: number;
  /**
   * shape [numHeads, rows, columns]: the block's softmax(QKᵀ/√d), the asked token's row, patch columns. Not
   * renormalised: with its `specialShares`, a head sums to 1.
   */
  readonly maps: Float32Array<ArrayBuffer>;
  /** shape [numHeads, 1 + R]: the token's attention to CLS and to each register. */
  readonly specialShares: Float32Array<ArrayBuffer>;
  /** Time from the first op for this result until its values are read back, in ms, without the pass. */
  readonly lookMs: number;
}

const hiddenField: Field<readonly number[]> = {
  defaultValue: [],
  form: 'numbers of heads from 1, with commas',
  help: 'heads that are left out where all are drawn',
  read: (text) =>
    /^([1-9]\d{0,2}(,[1-9]\d{0,2})*)?$/.test(text)
      ? text
          .split(',')
          .filter((part) => part !== '')
          .map((part) => Number(part) - 1)
      : null,
  write: (hidden) => hidden.map((head) => head + 1).join(','),
};

export const headsContract: LensContract<HeadsParams, HeadDrawing, HeadsResult> = {
  title: 'Heads',
  about: 'Where each attention head of one block looks.',
  asks: true,
  params: defineAskingCodec({ block: blockField }),
  forgets: ['view', 'hidden'],
  drawing: defineCodec({
    view: headField(['all', 'mean'], 'which heads are drawn'),
    hidden: hiddenField,
    ...mapDrawingFields,
    heatContour: onOrOff({ defaultValue: false, help: 'the edge of the mask on a heat map' }),
  }),
};
