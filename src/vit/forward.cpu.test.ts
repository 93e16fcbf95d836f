import { checkForward } from '../testing/check-forward.ts';

checkForward('cpu', 1e-5);
