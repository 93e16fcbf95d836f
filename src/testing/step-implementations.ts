import { fastLossAndGradients } from '../train/fast-step.ts';
import { plainUpdate } from '../train/plain-update.ts';
import { lossAndGradients, plainStep } from '../train/plain-step.ts';
import type { StepImplementation } from './check-training.ts';

export const plainImplementation: StepImplementation = {
  lossAndGradients,
  step: async (...args) => {
    const { scalars, isFinite } = await plainStep(...args);
    if (!isFinite) throw new Error('the step is not finite');
    return scalars;
  },
};

export const fastImplementation: StepImplementation = {
  lossAndGradients: fastLossAndGradients,
  step: async (state, configuration, batch, rates) => {
    const found = fastLossAndGradients(state, configuration, batch, rates);
    const { scalars, isFinite } = await plainUpdate(state, configuration, rates, found);
    if (!isFinite) throw new Error('the step is not finite');
    return scalars;
  },
};
