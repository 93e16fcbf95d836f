import { checkTrainer } from './trainer.suite.ts';

checkTrainer('webgpu');
