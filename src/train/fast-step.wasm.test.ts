import { checkTraining } from './step.suite.ts';
import { openPageImplementation } from '../testing/step-implementations.ts';

checkTraining('wasm', 1e-5, openPageImplementation());
