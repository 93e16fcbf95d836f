import './register-gradients.ts';
import { fastLossAndGradients } from '../train/fast-step.ts';
import { lossAndGradients, plainStep } from '../train/plain-step.ts';
import { openUpdater, type Updater } from '../train/step-update.ts';
import type { TrainingState } from '../train/training-state.ts';
import type { StepImplementation } from '../train/step.suite.ts';

export const plainImplementation: StepImplementation = {
  lossAndGradients,
  step: plainStep,
  dispose: () => {},
};

/** The implementation that the page runs, with the back end's own way to update. */
export function openPageImplementation(): StepImplementation {
  const updaters = new Map<TrainingState, Updater>();
  return {
    lossAndGradients: fastLossAndGradients,
    step: (state, configuration, batch, rates) => {
      const updater = updaters.get(state) ?? openUpdater(state);
      updaters.set(state, updater);
      return updater.update(configuration, rates, fastLossAndGradients(state, configuration, batch, rates));
    },
    dispose: () => {
      for (const updater of updaters.values()) updater.dispose();
    },
  };
}
