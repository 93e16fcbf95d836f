import { checkTraining } from '../testing/check-training.ts';
import { fastImplementation } from '../testing/step-implementations.ts';

checkTraining('cpu', 1e-5, fastImplementation);
