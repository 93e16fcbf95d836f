/** Linear classifiers that DINO and DINOv2 publish beside their networks: from which features they tell classes, and in which order. */

import type { FeatureSettings } from './recognition.ts';

/** What the inputs of a head are, one after the other. */
export interface HeadInputs {
  /** CLS of so many last blocks, ascending, each after the final norm. */
  readonly blocks: number;
  /**
   * The mean patch of the last block: left out; after CLS, as DINOv2 has it; or in turn with CLS, channel by channel (cls_0, mean_0, cls_1, …), as
   * DINO's ViT-B has it.
   */
  readonly mean: 'none' | 'after' | 'in turn';
}

/**
 * What a head of so many inputs takes from a network. DINO: CLS of n blocks (four in ViT-S's), or of one block in turn with the mean patch (ViT-B's).
 * DINOv2: CLS of one or of four blocks, then the mean patch.
 * Source: eval_linear.py of DINO, hub/classifiers.py of DINOv2.
 * @returns null where it belongs to another network
 */
export function headInputs(
  count: number,
  family: 'dino' | 'dinov2',
  { embedDim, depth }: { readonly embedDim: number; readonly depth: number },
): HeadInputs | null {
  const vectors = count / embedDim;
  if (!Number.isInteger(vectors) || vectors < 1) return null;
  const inputs: HeadInputs =
    family === 'dinov2'
      ? { blocks: vectors - 1, mean: 'after' }
      : vectors === 2
        ? { blocks: 1, mean: 'in turn' }
        : { blocks: vectors, mean: 'none' };
  return inputs.blocks >= 1 && inputs.blocks <= depth ? inputs : null;
}

/** A published head, and what its file is checked by. */
export interface PublishedHead {
  readonly url: string;
  /** K: the file must have weights of shape [K, D]. */
  readonly classCount: number;
  /** D */
  readonly inputCount: number;
  /** The file's exact length, where it is known. */
  readonly byteLength: number | null;
  /** Lower-case hexadecimal, the whole hash or its beginning, where it is known. */
  readonly sha256: string | null;
}

/** What the features came from that a probe of our own learned from. */
export interface MadeOf extends Pick<FeatureSettings, 'framing' | 'sidePx'> {
  readonly modelTitle: string;
}

/** One of a classifier's classes, and how likely it is. */
export interface LikelyClass {
  /** From 0. */
  readonly index: number;
  /** Of ImageNet's thousand the names by which it is known, of a probe's the names that a person gave, otherwise its number. */
  readonly name: string;
  readonly probability: number;
}
