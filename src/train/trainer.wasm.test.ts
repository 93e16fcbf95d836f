import { checkTrainer } from '../testing/check-trainer.ts';

checkTrainer('wasm');
