import { fastLossAndGradients } from '../train/fast-step.ts';
import { lossAndGradients, plainStep } from '../train/plain-step.ts';
import { plainUpdate } from '../train/plain-update.ts';
import type { StepImplementation } from './check-training.ts';

export const plainImplementation: StepImplementation = { lossAndGradients, step: plainStep };

/** The fast step's gradients, and the update by plain ops. */
export const fastImplementation: StepImplementation = {
  lossAndGradients: fastLossAndGradients,
  step: (state, configuration, batch, rates) =>
    plainUpdate(state, configuration, rates, fastLossAndGradients(state, configuration, batch, rates)),
};
