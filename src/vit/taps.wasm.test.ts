import { checkTaps } from './taps.suite.ts';

checkTaps('wasm', 1e-5);
