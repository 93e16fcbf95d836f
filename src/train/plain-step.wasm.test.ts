import { checkTraining } from './step.suite.ts';
import { plainImplementation } from '../testing/step-implementations.ts';

checkTraining('wasm', 1e-5, plainImplementation);
