import type { NamedTensor, VitArchitecture } from '../core/architecture.ts';
import type { Failure } from '../core/failure.ts';
import type { Result } from '../core/result.ts';

/** A network in main memory, every parameter there and of the right shape. */
export interface LoadedModel {
  readonly id: string;
  readonly title: string;
  readonly architecture: VitArchitecture;
  /** By official names, in the official layouts. */
  readonly parameters: ReadonlyMap<string, NamedTensor>;
  readonly parameterCount: number;
}

export interface DownloadProgress {
  readonly loadedBytes: number;
  readonly totalBytes: number;
  /** Whether everything so far came out of the cache, or from the person's own disk. */
  readonly cached: boolean;
}

/** One way to a model, ready to be taken: the engine cares for nothing else. An abort ends in 'cancelled'. */
export type ModelLoader = (
  signal: AbortSignal,
  onProgress: (progress: DownloadProgress) => void,
) => Promise<Result<LoadedModel, Failure>>;
