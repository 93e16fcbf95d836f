import { checkCheckpoints } from './checkpoints.suite.ts';
import { openFixture } from '../testing/checkpoint-fixtures.ts';

checkCheckpoints('wasm', openFixture, 1e-5);
