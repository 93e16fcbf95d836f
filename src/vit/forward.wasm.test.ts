import { checkForward } from '../testing/check-forward.ts';

checkForward('wasm', 1e-5);
