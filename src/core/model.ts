/** Descriptions of models that the threads exchange. */
import type { PatchGrid } from './geometry.ts';
import type { Normalisation } from './normalisation.ts';

/** What a checkpoint does not say itself. A field that nobody gave is missing. */
export interface CheckpointHints {
  /** Takes precedence over the config. */
  readonly numHeads?: number | undefined;
  /** The grid that it was trained on, where it is not square. Takes precedence over the config. */
  readonly grid?: PatchGrid | undefined;
  /** Which of the file's dictionaries to take, e.g. `student`; without it the teacher's where there is one. */
  readonly network?: string | undefined;
  /** Of a checkpoint in several files, the names of those that are not here. */
  readonly missingParts?: readonly string[] | undefined;
  /** Whether only the numbers in its name speak of further files: those of a whole network may count epochs. */
  readonly mayBeWhole?: boolean | undefined;
  /**
   * What config.json beside the checkpoint says: our architecture, or Hugging Face's fields; other fields are
   * ignored. What the file itself says of its architecture comes first.
   */
  readonly config?: unknown;
  /** What Hugging Face's preprocessor_config.json beside the checkpoint says: how photographs are normalised. */
  readonly preprocessor?: unknown;
  /** Whether a person named the config: it comes first then, and where the tensors contradict it the checkpoint is refused. */
  readonly isConfigNamed?: boolean | undefined;
}

/** How many bytes of a model have come. */
export interface ModelBytes {
  readonly loadedBytes: number;
  readonly totalBytes: number;
  /** Whether all bytes so far came from the cache or from the person's disk. */
  readonly cached: boolean;
}

/** Query, key or value of a block's tokens, or the block's output. */
export const facets = ['query', 'key', 'value', 'token'] as const;

/** Which features of a network are best for comparing patches. */
export interface FeatureChoice {
  /** From 1. */
  readonly block: number;
  readonly facet: (typeof facets)[number];
}

/** A network that is ready, as the page describes it. */
export interface ModelDescription {
  readonly id: string;
  readonly title: string;
  /** Tells it from every other network, in each file that it is kept in (`models/network-hash`). */
  readonly hash: string;
  readonly embedDim: number;
  readonly depth: number;
  readonly numHeads: number;
  readonly patchSizePx: number;
  /** R, register tokens; 0 for most networks. */
  readonly numRegisters: number;
  readonly parameterCount: number;
  /** Its own recommendation; left out where nothing is known, and then the keys of the last block are usual. */
  readonly features?: FeatureChoice;
  /** The networks that its file holds, the one in use first, where there are several. */
  readonly networks?: readonly string[];
  /** How photographs were normalised when it was trained; left out where that was by ImageNet's numbers, as everywhere here. */
  readonly ownNormalisation?: Normalisation;
  /** What its file holds besides the network, as in `head.*` or `optimizer`, where there is something. */
  readonly leftOut?: readonly string[];
}
