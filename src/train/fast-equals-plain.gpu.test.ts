import { checkFastEqualsPlain } from '../testing/check-fast-step.ts';

checkFastEqualsPlain('webgpu', 1e-4);
