/** The parameter "which block". */
import type { Field } from '../core/codec.ts';
import type { ModelDescription } from '../core/model.ts';

/** Block numbers count from 1; 'last' is the last block of any network. */
export type BlockChoice = number | 'last';

/** @returns the block's index, from 0; the last block if the network has fewer */
export const blockIndex = (choice: BlockChoice, { depth }: Pick<ModelDescription, 'depth'>): number =>
  choice === 'last' ? depth - 1 : Math.min(choice, depth) - 1;

export const blockField: Field<BlockChoice> = {
  defaultValue: 'last',
  form: 'last, or a whole number from 1',
  help: 'which block, from 1',
  read: (text) => {
    if (text === 'last') return 'last';
    return /^[1-9]\d{0,2}$/.test(text) ? Number(text) : null;
  },
  write: String,
};
