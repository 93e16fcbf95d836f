import { checkTraining } from './step.suite.ts';
import { openPageImplementation } from '../testing/step-implementations.ts';

checkTraining('cpu', 1e-5, openPageImplementation());
