import { checkTaps } from './taps.suite.ts';

checkTaps('webgpu', 2e-5);
