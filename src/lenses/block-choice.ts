/** The parameter "which block". */
import type { Field } from '../core/codec.ts';
import type { ModelDescription } from '../core/model.ts';

/** Blocks count from 1, as people count them; 'last' is the last one of any network. */
export type BlockChoice = number | 'last';

/** @returns the block, from 0; the last one where a network has fewer */
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
