import { checkForward } from '../testing/check-forward.ts';

checkForward('webgpu', 2e-5);
