import { checkTraining } from './step.suite.ts';
import { plainImplementation } from '../testing/step-implementations.ts';

checkTraining('webgpu', 1e-4, plainImplementation);
