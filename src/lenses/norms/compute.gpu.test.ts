import { checkNorms } from './compute.suite.ts';

checkNorms('webgpu', 1e-4);
