import { plainStepLayers } from './plain-step-layers.ts';
import type { StepLayers } from './step-layers.ts';

export const fusedStepLayers: StepLayers = { ...plainStepLayers };
