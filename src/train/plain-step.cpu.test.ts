import { checkTraining } from './step.suite.ts';
import { plainImplementation } from '../testing/step-implementations.ts';

checkTraining('cpu', 1e-5, plainImplementation);
