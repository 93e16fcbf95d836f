/** The model in use, and the one that is being loaded. */
import type { ModelDescription } from '../../core/model.ts';
import type { ModelProgress } from '../../core/progress.ts';
import type { ChosenModel, ModelChoice } from './model-choice.ts';

/** A model that is loaded in the engine. */
export interface UsedModel extends ChosenModel {
  readonly description: ModelDescription;
}

/** Another model that is being loaded while the one in use stays. */
export interface ModelSwitch {
  /** To replace the one in use, or to be compared with it. */
  readonly purpose: 'use' | 'compare';
  readonly choice: ModelChoice;
  readonly title: string;
  readonly progress: ModelProgress | null;
}

export interface ModelsInUse {
  /** Null until the first start has ended. It is kept while the engine restarts. */
  readonly used: UsedModel | null;
  readonly next: ModelSwitch | null;
  /** The model for the start of the next visit; null for the embedded one. */
  readonly remembered: ModelChoice | null;
}
