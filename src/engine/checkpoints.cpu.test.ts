import { checkCheckpoints } from './checkpoints.suite.ts';
import { openFixture } from '../testing/checkpoint-fixtures.ts';

checkCheckpoints('cpu', openFixture, 1e-5);
