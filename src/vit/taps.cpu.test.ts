import { checkTaps } from './taps.suite.ts';

checkTaps('cpu', 1e-5);
