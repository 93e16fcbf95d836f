import type { Check } from '../page/check.ts';
import { lookChecks } from './looks.ts';
import { modelChecks } from './models.ts';
import { photographChecks } from './photographs.ts';
import { startChecks } from './start.ts';
import { trainingChecks } from './training.ts';

/** All checks, in the order in which they run. A new one goes into one of the lists. */
export const checks: readonly Check[] = [
  ...startChecks,
  ...photographChecks,
  ...modelChecks,
  ...trainingChecks,
  ...lookChecks,
];
