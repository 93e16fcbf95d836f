import { checkFastEqualsPlain } from './fast-equals-plain.suite.ts';

checkFastEqualsPlain('webgpu', 1e-4);
