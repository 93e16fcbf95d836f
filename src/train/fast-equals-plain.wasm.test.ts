import { checkFastEqualsPlain } from './fast-equals-plain.suite.ts';

checkFastEqualsPlain('wasm', 1e-4);
