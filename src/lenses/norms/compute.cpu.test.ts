import { checkNorms } from './compute.suite.ts';

checkNorms('cpu', 1e-5);
