import { checkTraining } from '../testing/check-training.ts';
import { fastImplementation } from '../testing/step-implementations.ts';

checkTraining('webgpu', 1e-4, fastImplementation);
