import type { NamedTensor, VitArchitecture } from '../core/architecture.ts';
import type { FeatureChoice, ModelBytes } from '../core/model.ts';
import type { Failure } from '../core/failure.ts';
import type { Normalisation } from '../core/normalisation.ts';
import type { Result } from '../core/result.ts';

/** A network in main memory, every parameter there and of the right shape. */
export interface LoadedModel {
  readonly id: string;
  readonly title: string;
  readonly architecture: VitArchitecture;
  /** By official names, in the official layouts. */
  readonly parameters: Map<string, NamedTensor>;
  readonly parameterCount: number;
  readonly features?: FeatureChoice;
  /** The networks that its file holds, the one in use first; one name or none where there is no choice. */
  readonly networks?: readonly string[];
  /** With what it was trained, where that was not ImageNet's; its parameters take ImageNet's. */
  readonly ownNormalisation?: Normalisation;
  /** What its file holds besides, in the words of `Checkpoint.ignored`. */
  readonly leftOut?: readonly string[];
}

/**
 * One way to a model, ready to be taken: the engine cares for nothing else. An abort ends in 'cancelled'.
 * @param onArchitecture told the network's sizes as soon as they are known and checked, which may be long before its parameters are
 *   there, and at most once
 */
export type ModelLoader = (
  signal: AbortSignal,
  onProgress: (progress: ModelBytes) => void,
  onArchitecture?: (architecture: VitArchitecture) => void,
) => Promise<Result<LoadedModel, Failure>>;
