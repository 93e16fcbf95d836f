/** Patches of two photographs that belong together. */

/** For each patch of a photograph the most similar one of another photograph. */
export interface NearestPatches {
  /** Indices of the other photograph's patches. */
  readonly patches: Int32Array;
  readonly cosines: Float32Array;
}

/** A patch of one photograph and one of another, by their indices. */
export interface PatchMatch {
  readonly first: number;
  readonly second: number;
  readonly cosine: number;
}
