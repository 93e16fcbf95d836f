import { checkTrainer } from './trainer.suite.ts';

checkTrainer('wasm');
