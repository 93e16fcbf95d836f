/**
 * The paper's figure 7 as an experiment: three short trainings that differ only in centring and sharpening. The page and the command line
 * run it with the same numbers, and say the same about it.
 */
import type { StepReport, TrainingConfiguration, TrainingSwitches } from './training.ts';
import { presetOf } from './training-presets.ts';
import { withUnit } from './with-unit.ts';

type ConditionId = 'both' | 'no-centring' | 'no-sharpening';

export interface Condition extends TrainingSwitches {
  readonly id: ConditionId;
  readonly title: string;
}

export const conditions: readonly Condition[] = [
  { id: 'both', title: 'Centring and sharpening', centring: true, sharpening: true },
  { id: 'no-centring', title: 'No centring', centring: false, sharpening: true },
  { id: 'no-sharpening', title: 'No sharpening', centring: true, sharpening: false },
];

/** Steps of each training. Most collapses are over after a hundred, nearly all at the end. */
const experimentSteps = 300;

/** The experiment needs so many photographs: with fewer, crops of one photograph meet too often, and KL falls in every training. */
export const fewestPhotographs = 8;

export const experimentPreset = presetOf('collapse-in-a-minute');

export const experimentConfiguration: TrainingConfiguration = {
  ...experimentPreset.configuration,
  steps: experimentSteps,
  // Half as many steps as the preset has, so the teacher is a little faster: one seed of ten collapsed too late without it.
  teacherMomentum: 0.97,
};

/** How a training ended: means over the last quarter of its steps. */
export interface ExperimentEnd {
  readonly kind: 'neither' | 'one-output' | 'uniform' | 'unclear';
  /** As shares of ln K. */
  readonly entropyShare: number;
  readonly klShare: number;
  /** Largest minus smallest entropy among the means of ten steps in that quarter, as a share of ln K. */
  readonly swingShare: number;
  /** From this step on the entropy stays within a fiftieth of the end that it has reached; null if it reached none. */
  readonly sinceStep: number | null;
}

/** Shares of ln K. How they hold over ten seeds and two sets of photographs: docs/bench/collapse.md. */
const limits = {
  oneOutputBelow: 0.02,
  uniformAbove: 0.97,
  collapsedKlBelow: 0.04,
  neither: { from: 0.3, to: 0.9, klAbove: 0.05 },
};
const nearEnd = 0.02;
const blockSteps = 10;

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The first step from which every value passes; null if the last one does not. */
function stepsSince(reports: readonly StepReport[], passes: (report: StepReport) => boolean): number | null {
  const last = reports.findLastIndex((report) => !passes(report));
  return reports[last + 1]?.step ?? null;
}

/** @param reports of a whole training, in order @param outputDim K @returns null where there are fewer than 40 steps */
export function judgeExperiment(reports: readonly StepReport[], outputDim: number): ExperimentEnd | null {
  if (reports.length < 4 * blockSteps) return null;
  const uniform = Math.log(outputDim);
  const quarter = reports.slice(-Math.floor(reports.length / 4));
  const entropies = quarter.map(({ teacherEntropy }) => teacherEntropy / uniform);
  const entropyShare = meanOf(entropies);
  const klShare = meanOf(quarter.map(({ kl }) => kl / uniform));
  const blocks = Array.from({ length: Math.floor(entropies.length / blockSteps) }, (_, block) =>
    meanOf(entropies.slice(block * blockSteps, (block + 1) * blockSteps)),
  );
  const measured = {
    entropyShare,
    klShare,
    swingShare: Math.max(...blocks) - Math.min(...blocks),
  };
  const isCollapsed = klShare < limits.collapsedKlBelow;
  if (isCollapsed && entropyShare < limits.oneOutputBelow)
    return {
      ...measured,
      kind: 'one-output',
      sinceStep: stepsSince(reports, ({ teacherEntropy }) => teacherEntropy < nearEnd * uniform),
    };
  if (isCollapsed && entropyShare > limits.uniformAbove)
    return {
      ...measured,
      kind: 'uniform',
      sinceStep: stepsSince(reports, ({ teacherEntropy }) => teacherEntropy > (1 - nearEnd) * uniform),
    };
  const { from, to, klAbove } = limits.neither;
  const isBetween = entropyShare > from && entropyShare < to && klShare > klAbove;
  return { ...measured, kind: isBetween ? 'neither' : 'unclear', sinceStep: null };
}

const percent = (share: number): string => withUnit(Math.round(100 * share), '%');

/** @returns what happened in this training, in one or two sentences; it is read off the curves, not off the switches */
export function describeExperimentEnd(end: ExperimentEnd, outputDim: number): string {
  const uniform = Math.log(outputDim);
  const entropy = (end.entropyShare * uniform).toFixed(2);
  const kl = (end.klShare * uniform).toFixed(2);
  // The numbers are of the last quarter; a step's own may still differ by a fiftieth of ln K.
  const nearFrom = (what: string): string =>
    end.sinceStep === null ? `near ${what}` : `near ${what} from step ${end.sinceStep} on`;
  switch (end.kind) {
    case 'neither':
      return `The teacher’s entropy stays at ${entropy}, ${percent(end.entropyShare)} of ln K, and KL at ${kl}: no collapse, and the student has something to learn.`;
    case 'one-output':
      return `The teacher’s entropy ends at ${entropy}, ${nearFrom('0')}, and KL at ${kl}: one output takes everything, whatever the photograph.`;
    case 'uniform':
      return `The teacher’s entropy ends at ${entropy}, ${nearFrom(`ln K = ${uniform.toFixed(2)}`)}, and KL at ${kl}: all outputs are alike, whatever the photograph.`;
    case 'unclear':
      return `The teacher’s entropy ends at ${entropy}, ${percent(end.entropyShare)} of ln K, and KL at ${kl}: neither of the paper’s two ends, and no healthy training. Other photographs or another seed may show it.`;
  }
}
