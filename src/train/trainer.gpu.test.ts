import { checkTrainer } from '../testing/check-trainer.ts';

checkTrainer('webgpu');
