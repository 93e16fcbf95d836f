import { checkCheckpoints } from '../testing/check-checkpoints.ts';
import { openFixture } from '../testing/checkpoint-fixtures.ts';

checkCheckpoints('cpu', openFixture, 1e-5);
