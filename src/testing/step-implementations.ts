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
