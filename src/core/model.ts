/** What threads tell each other of models. */

/** What a checkpoint does not say of itself; each is left out where nobody has said it. */
export interface CheckpointHints {
  readonly numHeads?: number | undefined;
  /** Which network of the file: `teacher`, `student`. */
  readonly network?: string | undefined;
  /** What a config.json beside it holds. */
  readonly config?: unknown;
}

/** How far the bytes of a model are. */
export interface ModelBytes {
  readonly loadedBytes: number;
  readonly totalBytes: number;
  /** Whether everything so far came out of the cache, or from the person's own disk. */
  readonly cached: boolean;
}
