import { checkTraining } from './step.suite.ts';
import { openPageImplementation } from '../testing/step-implementations.ts';

checkTraining('webgpu', 1e-4, openPageImplementation());
