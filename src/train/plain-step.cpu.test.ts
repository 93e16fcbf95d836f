import { checkTraining } from '../testing/check-training.ts';
import { plainImplementation } from '../testing/step-implementations.ts';

checkTraining('cpu', 1e-5, plainImplementation);
