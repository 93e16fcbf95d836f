import type { Check } from '../page/check.ts';
import { imageChecks, resistingChecks } from './images.ts';
import { lookChecks } from './looks.ts';
import { modelChecks } from './models.ts';
import { mapChecks, photographChecks } from './photographs.ts';
import { startChecks, threadChecks } from './start.ts';
import { storageChecks } from './storage.ts';
import { trainingChecks } from './training.ts';
import { updateChecks } from './updates.ts';

/** All checks, in the order in which they run. A new one goes into one of the lists. */
const checks: readonly Check[] = [
  ...threadChecks,
  ...startChecks,
  ...mapChecks,
  ...photographChecks,
  ...imageChecks,
  ...modelChecks,
  ...trainingChecks,
  ...lookChecks,
  ...storageChecks,
  ...updateChecks,
];

/**
 * A browser as people have it; or one that they have told to resist fingerprinting; or one with memory that threads share, which
 * WebKit has on a phone and a Mac and not by itself on Linux.
 */
export const habits = ['plain', 'resisting', 'sharing'] as const;
export type Habit = (typeof habits)[number];

/** What threads may change. */
const sharingChecks = [...threadChecks, ...mapChecks, ...trainingChecks];

const byHabit: Readonly<Record<Habit, readonly Check[]>> = {
  plain: checks,
  resisting: resistingChecks,
  sharing: sharingChecks,
};

export const checksOf = (habit: Habit): readonly Check[] => byHabit[habit];
