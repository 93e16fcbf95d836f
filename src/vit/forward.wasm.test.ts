import { checkForward } from './forward.suite.ts';

checkForward('wasm', 1e-5);
