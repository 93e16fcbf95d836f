/**
 * A tap names what a pass must keep on the device. `forward` runs the pass, `tapped` reads what was kept. Plain
 * arithmetic, no tensors.
 */
import { specialTokenCount, type VitArchitecture } from '../core/architecture.ts';

/** A token's place: CLS is 0, registers follow, then the patches row by row. */
export type TokenIndex = number;

/** 'out' is a block's output, of the last block after the final norm; 'residual' is it before the final norm, which other blocks have not. */
export type Facet = 'query' | 'key' | 'value' | 'out' | 'residual';

interface AttentionTap {
  readonly of: 'attention';
  readonly blocks: 'all' | readonly number[];
  /**
   * Rows of the special tokens, or of some tokens, are computed within the pass. 'all' keeps what the rows of any
   * token can be computed from.
   */
  readonly queries: 'special' | 'all' | readonly TokenIndex[];
}

interface TokensTap {
  readonly of: 'tokens';
  readonly block: number;
  readonly facet: Facet;
}

export type Tap = AttentionTap | TokensTap;

/** With this tap any token of the last block can be asked after the pass. */
export const anyTokenOfLastBlock = ({ depth }: VitArchitecture): Tap => ({
  of: 'attention',
  blocks: [depth - 1],
  queries: 'all',
});

/** What a block keeps, shape [T, C] each. From `normed`, the block's input after its first norm, come query, key and value. */
export type Part = 'normed' | Facet;

export interface BlockPlan {
  /** Whether the block runs to its end; otherwise only what is kept is computed. */
  readonly isWhole: boolean;
  readonly parts: ReadonlySet<Part>;
  /** Ascending; whose attention rows are computed within the pass. */
  readonly queries: readonly TokenIndex[];
}

export const blocksOf = (blocks: 'all' | readonly number[], depth: number): readonly number[] => {
  const numbers = blocks === 'all' ? Array.from({ length: depth }, (_, block) => block) : blocks;
  const stray = numbers.find((block) => !Number.isInteger(block) || block < 0 || block >= depth);
  if (stray !== undefined) throw new Error(`block ${stray} of a network of ${depth} blocks`);
  return numbers;
};

export const queriesOf = (
  queries: 'special' | readonly TokenIndex[],
  architecture: VitArchitecture,
  tokens: number,
): readonly TokenIndex[] => {
  if (queries === 'special') return Array.from({ length: specialTokenCount(architecture) }, (_, i) => i);
  const stray = queries.find((token) => !Number.isInteger(token) || token < 0 || token >= tokens);
  if (stray !== undefined) throw new Error(`token ${stray} of ${tokens} tokens`);
  return queries;
};

/** What is kept for a facet: before the last block 'residual' and 'out' are the same. */
export const keptFacet = (facet: Facet, block: number, depth: number): Facet =>
  facet === 'residual' && block < depth - 1 ? 'out' : facet;

interface Wanted {
  readonly facets: Set<Facet>;
  readonly queries: Set<TokenIndex>;
  any: boolean;
}

function gather(taps: readonly Tap[], architecture: VitArchitecture, tokens: number): Wanted[] {
  const { depth } = architecture;
  const wanted = Array.from({ length: depth }, (): Wanted => ({
    facets: new Set(),
    queries: new Set(),
    any: false,
  }));
  for (const tap of taps) {
    const blocks = blocksOf(tap.of === 'attention' ? tap.blocks : [tap.block], depth);
    for (const block of blocks) {
      const of = wanted[block] as Wanted;
      if (tap.of === 'tokens') of.facets.add(keptFacet(tap.facet, block, depth));
      else if (tap.queries === 'all') of.any = true;
      else for (const query of queriesOf(tap.queries, architecture, tokens)) of.queries.add(query);
    }
  }
  return wanted;
}

/** Whether these rows take more memory than what they are computed from. */
const isMany = (queries: number, { embedDim, numHeads }: VitArchitecture): boolean =>
  queries * numHeads > 2 * embedDim;

/**
 * @param tokens T
 * @returns for each block up to the last one that a tap wants
 */
export function planPass(architecture: VitArchitecture, tokens: number, taps: readonly Tap[]): BlockPlan[] {
  const wanted = gather(taps, architecture, tokens);
  const end = wanted.findLastIndex(({ facets, queries, any }) => any || facets.size + queries.size > 0) + 1;
  return wanted.slice(0, end).map(({ facets, queries, any }, block): BlockPlan => {
    const isWhole = block < end - 1 || facets.has('out') || facets.has('residual');
    const parts = new Set<Part>(facets);
    const keepsAll = any || isMany(queries.size, architecture);
    // A whole block computes all queries anyway; another one does when they are asked for.
    if (keepsAll) parts.add('key').add(isWhole ? 'query' : 'normed');
    return {
      isWhole,
      parts,
      queries: isMany(queries.size, architecture) ? [] : [...queries].toSorted((a, b) => a - b),
    };
  });
}

/** What a pass with these taps keeps on the device, in bytes. */
export function tappedBytes(architecture: VitArchitecture, tokens: number, taps: readonly Tap[]): number {
  const { embedDim, numHeads } = architecture;
  const floats = planPass(architecture, tokens, taps).reduce(
    (sum, { parts, queries }) => sum + tokens * (parts.size * embedDim + queries.length * numHeads),
    0,
  );
  return floats * Float32Array.BYTES_PER_ELEMENT;
}
