import { checkTraining } from '../testing/check-training.ts';
import { plainImplementation } from '../testing/step-implementations.ts';

checkTraining('webgpu', 1e-4, plainImplementation);
