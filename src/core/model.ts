/** What threads tell each other of models. */
import type { PatchGrid } from './geometry.ts';

/** What a checkpoint does not say of itself; each is left out where nobody has said it. */
export interface CheckpointHints {
  /** Believed before the config. */
  readonly numHeads?: number | undefined;
  /** The patches that it was trained on, where they make no square; believed before the config. */
  readonly grid?: PatchGrid | undefined;
  /** Which of the file's dictionaries to take, e.g. `student`; without it the teacher's where there is one. */
  readonly network?: string | undefined;
  /** Of a checkpoint in several files, the names of those that are not here. */
  readonly missingParts?: readonly string[] | undefined;
  /** What config.json beside the checkpoint says: our architecture, or Hugging Face's fields; others are passed over. */
  readonly config?: unknown;
}

/** How far the bytes of a model are. */
export interface ModelBytes {
  readonly loadedBytes: number;
  readonly totalBytes: number;
  /** Whether everything so far came out of the cache, or from the person's own disk. */
  readonly cached: boolean;
}

/** Query, key or value of a block's tokens, or the tokens that it hands on. */
export const facets = ['query', 'key', 'value', 'token'] as const;

/** Which features of a network tell best what belongs together. */
export interface FeatureChoice {
  /** From 1. */
  readonly block: number;
  readonly facet: (typeof facets)[number];
}

/** A network that is ready to look, as the page names and describes it. */
export interface ModelDescription {
  readonly id: string;
  readonly title: string;
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
}
