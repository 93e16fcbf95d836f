import type { MadeOf } from '../../core/linear-head.ts';
import { describeFraming } from '../recognise/feature-words.ts';

/** How a classifier's photograph is framed; for the end of a sentence that says which classifier. */
export const describeOrigin = (madeOf: MadeOf | null): string =>
  madeOf === null
    ? 'from the middle square of the photograph at 224 px, as it was trained'
    : `which learned from features of ${madeOf.modelTitle}, ${describeFraming(madeOf)}`;
