import type { Check } from '../page/check.ts';
import { imageChecks, resistingChecks } from './images.ts';
import { lookChecks } from './looks.ts';
import { modelChecks } from './models.ts';
import { photographChecks } from './photographs.ts';
import { startChecks } from './start.ts';
import { storageChecks } from './storage.ts';
import { trainingChecks } from './training.ts';
import { updateChecks } from './updates.ts';

/** All checks, in the order in which they run. A new one goes into one of the lists. */
const checks: readonly Check[] = [
  ...startChecks,
  ...photographChecks,
  ...imageChecks,
  ...modelChecks,
  ...trainingChecks,
  ...lookChecks,
  ...storageChecks,
  ...updateChecks,
];

/** A browser as people have it, or one that they have told to resist fingerprinting. */
export type Habit = 'plain' | 'resisting';

export const checksOf = (habit: Habit): readonly Check[] => (habit === 'plain' ? checks : resistingChecks);
