/** What a token looks at in every block and every head. */
import { defineCodec, onOrOff, oneOf, wholeNumber, type Field } from '../../core/codec.ts';
import type { HeadChoice } from '../../render/head-layers.ts';
import { defineAskingCodec, type LensContract, type Query } from '../lens-contract.ts';

export interface LayersParams extends Query {
  /** Whether each head's entropy and mean attention distance are measured: that takes the attention of all tokens. */
  readonly measure: boolean;
}

/** The grid of all blocks and heads, or one block's heads. */
export type LayersChoice = 'grid' | HeadChoice;

export interface LayersDrawing {
  readonly view: LayersChoice;
  /** From 1; blocks that a network has not are its last one. */
  readonly block: number;
  readonly style: 'heat' | 'mask';
  /** Per cent of a head's attention that its mask keeps. */
  readonly mass: number;
  readonly smooth: boolean;
  readonly contour: boolean;
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
  /** Where it was measured: shape [L, H] each, means over all tokens that look (Raghu et al., 2021). */
  readonly measured: {
    /** In nats. */
    readonly entropy: Float32Array<ArrayBuffer>;
    /** In patches. */
    readonly distance: Float32Array<ArrayBuffer>;
  } | null;
}

const viewField: Field<LayersChoice> = {
  otherwise: 'grid',
  form: 'grid, all, mean, or the number of a head from 1',
  help: 'all blocks and heads, or one block’s heads',
  read: (text) => {
    if (text === 'grid' || text === 'all' || text === 'mean') return text;
    return /^[1-9]\d{0,2}$/.test(text) ? Number(text) - 1 : null;
  },
  write: (view) => (typeof view === 'number' ? String(view + 1) : view),
};

export const layersContract: LensContract<LayersParams, LayersDrawing, LayersResult> = {
  id: 'layers',
  title: 'Layers',
  about: 'Where each head of every block looks, from the first block to the last.',
  asks: true,
  params: defineAskingCodec({
    measure: onOrOff({ otherwise: true, help: 'entropy and mean attention distance of each head' }),
  }),
  forgets: ['view', 'block'],
  drawing: defineCodec({
    view: viewField,
    block: wholeNumber({ otherwise: 999, min: 1, max: 999, help: 'which block; 999 is the last one' }),
    style: oneOf(['heat', 'mask'], { help: 'how one head, or their mean, is drawn' }),
    mass: wholeNumber({
      otherwise: 60,
      min: 1,
      max: 99,
      help: 'per cent of a head’s attention that its mask keeps',
    }),
    smooth: onOrOff({ otherwise: true, help: 'interpolated between patches; off: patch by patch' }),
    contour: onOrOff({ otherwise: true, help: 'a line around each mask' }),
  }),
};
