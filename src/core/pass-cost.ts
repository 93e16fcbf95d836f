/** What a pass costs, estimated from a network's sizes, before it runs. */
import type { ModelDescription } from './model.ts';

type Sizes = Pick<ModelDescription, 'embedDim' | 'depth' | 'parameterCount'>;

/**
 * Floating-point operations of a pass of so many tokens: two for each weight and token, and in each block 4 T² C for the
 * attention of all tokens to all others (QKᵀ, and its product with V).
 */
export const passFlops = ({ embedDim, depth, parameterCount }: Sizes, tokens: number): number =>
  2 * tokens * parameterCount + 4 * depth * tokens * tokens * embedDim;
