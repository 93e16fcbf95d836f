/** The model that looks: one thing in one place. */
import type { ModelDescription } from '../../core/model.ts';
import type { ModelProgress } from '../../core/progress.ts';
import type { ChosenModel, ModelChoice } from './model-choice.ts';

/** It has looked, or is ready to. */
export interface UsedModel extends ChosenModel {
  readonly description: ModelDescription;
}

/** Another model on its way into the engine, while the one in use stays. */
export interface ModelSwitch {
  readonly choice: ModelChoice;
  readonly title: string;
  readonly progress: ModelProgress | null;
}

export interface ModelsInUse {
  /** Null until the first start has ended. It stays named while the engine starts again. */
  readonly used: UsedModel | null;
  readonly next: ModelSwitch | null;
  /** The model to begin the next visit with; null: the embedded one. */
  readonly remembered: ModelChoice | null;
}
