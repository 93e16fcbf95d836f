/** What recognising photographs by their features is told, and what it keeps of each photograph. */
import type { FramingOptions } from './photo.ts';

/**
 * One vector for a whole photograph. 'cls': the CLS token, as in the official k-NN. 'mean': the mean of the patches. 'both': these two, each of
 * length 1, one after the other. 'copy': CLS and the patches' GeM as they are, one after the other, as in the official copy detection.
 */
export const featureKinds = ['cls', 'mean', 'both', 'copy'] as const;

export type FeatureKind = (typeof featureKinds)[number];

/** What determines a photograph's features, besides the network. */
export interface FeatureSettings {
  /** From 1. */
  readonly block: number;
  readonly framing: FramingOptions['shape'];
  readonly sidePx: number;
}

const isPositive = (json: unknown): boolean => Number.isSafeInteger(json) && Number(json) >= 1;

const framings = ['official', 'photograph', 'square'] as const;

/** @returns null where it is not what was kept */
export function parseSettings(json: unknown): FeatureSettings | null {
  if (typeof json !== 'object' || json === null) return null;
  const { block, framing, sidePx } = json as Readonly<Record<string, unknown>>;
  const [known, isSize] = [framings.find((each) => each === framing), [block, sidePx].every(isPositive)];
  return known === undefined || !isSize
    ? null
    : { block: Number(block), framing: known, sidePx: Number(sidePx) };
}

/** The network of features that are kept, or that a probe learned from. */
export interface FeatureSource {
  /** What the page, or the command line, calls it: the same network has another key where it came in another way. */
  readonly modelKey: string;
  /** The model's `hash`; null in what an older version of the page has kept or saved. */
  readonly modelHash: string | null;
  readonly modelTitle: string;
}

export const sourceOf = (
  modelKey: string,
  { hash, title }: { readonly hash: string; readonly title: string },
): FeatureSource => ({ modelKey, modelHash: hash, modelTitle: title });

/** Whether features of both can be compared. By their keys where a hash is not known. */
export const isSameSource = (a: FeatureSource, b: FeatureSource): boolean =>
  a.modelHash === null || b.modelHash === null ? a.modelKey === b.modelKey : a.modelHash === b.modelHash;

/** @returns what to call it in a sentence that also names `other` */
export const titleBeside = (source: FeatureSource, other: FeatureSource): string =>
  source.modelTitle === other.modelTitle && !isSameSource(source, other)
    ? `another version of ${source.modelTitle}`
    : source.modelTitle;

/** Of one photograph, of one block's output after the final norm; shape [C] each. */
export interface PooledFeatures {
  readonly cls: Float32Array<ArrayBuffer>;
  /** Mean of the patches; registers are left out. */
  readonly mean: Float32Array<ArrayBuffer>;
  /** Generalised mean of the patches: the fourth root of the mean of max(x, 1e-6)⁴. */
  readonly gem: Float32Array<ArrayBuffer>;
}

/** How many vectors of C numbers are kept of a photograph, in this order: CLS, mean, GeM. */
export const pooledParts = 3;

/** Of each of N queries the k nearest items of a bank. */
export interface Neighbours {
  readonly k: number;
  /** The nearest first, of equally near ones the first; shape [N, k], -1 where there are fewer. */
  readonly items: Int32Array<ArrayBuffer>;
  /** shape [N, k], 0 where there are fewer */
  readonly cosines: Float32Array<ArrayBuffer>;
}
