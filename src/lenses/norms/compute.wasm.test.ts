import { checkNorms } from './compute.suite.ts';

checkNorms('wasm', 1e-5);
