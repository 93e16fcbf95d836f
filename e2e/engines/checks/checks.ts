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
export const modes = ['plain', 'resisting', 'sharing'] as const;
export type BrowserMode = (typeof modes)[number];

/** What threads may change. */
const sharingChecks = [...threadChecks, ...mapChecks, ...trainingChecks];

const checksByMode: Readonly<Record<BrowserMode, readonly Check[]>> = {
  plain: checks,
  resisting: resistingChecks,
  sharing: sharingChecks,
};

export const checksOf = (mode: BrowserMode): readonly Check[] => checksByMode[mode];
