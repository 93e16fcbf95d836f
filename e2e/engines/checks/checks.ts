import type { Check } from '../page/check.ts';
import { imageChecks, resistingChecks } from './images.ts';
import { lensChecks } from './lenses.ts';
import { lookChecks } from './looks.ts';
import { maskChecks } from './masks.ts';
import { modelChecks } from './models.ts';
import { mapChecks, photographChecks } from './photographs.ts';
import { recogniseChecks } from './recognise.ts';
import { startChecks, threadChecks } from './start.ts';
import { storageChecks } from './storage.ts';
import { togetherChecks } from './together.ts';
import { trainingChecks } from './training.ts';
import { updateChecks } from './updates.ts';

/** All checks in the order in which they run. Add a new check to one of these lists. */
const checks: readonly Check[] = [
  ...threadChecks,
  ...startChecks,
  ...mapChecks,
  ...photographChecks,
  ...imageChecks,
  ...lensChecks,
  ...maskChecks,
  ...togetherChecks,
  ...modelChecks,
  ...trainingChecks,
  ...recogniseChecks,
  ...lookChecks,
  ...storageChecks,
  ...updateChecks,
];

/**
 * `plain`: a browser with its default settings. `resisting`: set to resist fingerprinting. `sharing`: with shared memory for
 * threads, which WebKit has on phones and Macs but not by default on Linux.
 */
export const modes = ['plain', 'resisting', 'sharing'] as const;
export type BrowserMode = (typeof modes)[number];

/** The checks whose results threads could change. */
const sharingChecks = [...threadChecks, ...mapChecks, ...trainingChecks];

const checksByMode: Readonly<Record<BrowserMode, readonly Check[]>> = {
  plain: checks,
  resisting: resistingChecks,
  sharing: sharingChecks,
};

export const checksOf = (mode: BrowserMode): readonly Check[] => checksByMode[mode];
