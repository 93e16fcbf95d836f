import { checkForward } from './forward.suite.ts';

checkForward('webgpu', 2e-5);
