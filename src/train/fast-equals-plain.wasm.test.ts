import { checkFastEqualsPlain } from '../testing/check-fast-step.ts';

checkFastEqualsPlain('wasm', 1e-4);
