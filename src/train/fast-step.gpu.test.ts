import { checkTraining } from '../testing/check-training.ts';
import { openPageImplementation } from '../testing/step-implementations.ts';

checkTraining('webgpu', 1e-4, openPageImplementation());
