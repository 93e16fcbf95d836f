import { checkForward } from './forward.suite.ts';

checkForward('cpu', 1e-5);
