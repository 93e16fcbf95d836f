/**
 * What a run's curves say, for a person who sees them for the first time. The paper's figure 7: cross-entropy =
 * teacher's entropy + KL divergence. Without centring one output takes everything (entropy 0), without sharpening all
 * outputs become equal (entropy ln K); in both, KL goes to 0.
 */
import { assertNever } from './result.ts';
import type { StepReport, SwitchMark, TrainingSwitches } from './training.ts';
import { withUnit } from './with-unit.ts';

export type TrainingVerdict =
  | { readonly kind: 'too-early' }
  /** A loss was not finite, which ended the run. The failed step has no report. */
  | { readonly kind: 'diverged' }
  | { readonly kind: 'one-output' }
  | { readonly kind: 'uniform' }
  /** Every crop gets the same output. Without centring and sharpening the entropy may have any value. */
  | { readonly kind: 'constant' }
  /** The entropy is near a collapse's end value, and KL is falling. */
  | { readonly kind: 'towards-one-output' }
  | { readonly kind: 'towards-uniform' }
  /** The loss is what chance would score, with a teacher that is not uniform: the student has learned nothing yet. */
  | { readonly kind: 'at-chance' }
  /** The teacher's entropy swings up and down, far more than batches differ: too fast a student, or too fast a teacher. */
  | { readonly kind: 'oscillates'; readonly lowShare: number; readonly highShare: number }
  /** `entropyShare`: of ln K. */
  | { readonly kind: 'learning'; readonly entropyShare: number }
  /** Neither collapsed nor falling. */
  | { readonly kind: 'steady'; readonly entropyShare: number };

/** Means are taken over this many steps, since every batch is different and single steps jump. */
export const verdictWindow = 10;

/**
 * Shares of ln K. A healthy run lies between: on ImageNet the paper's teacher settles in the middle of the range. In
 * the tiny runs of the tests, collapses end below 0.001 and above 0.99, and no healthy run comes near either with so
 * small a KL.
 */
const collapsed = { entropyBelow: 0.02, entropyAbove: 0.97, klBelow: 0.02 };
/** As a share of ln K. Below it student and teacher agree on everything, which happens only in a collapse. */
const constantKlBelow = 0.002;
/** Over two windows together, since one alone may look like this by chance. */
const leaning = { entropyBelow: 0.1, entropyAbove: 0.9, klBelow: 0.1 };
/** A student that has learned nothing is uniform: its cross-entropy with any teacher is ln K. */
const chanceWithin = 0.03;
/**
 * The loss counts as falling when it has come down by this share between the window before and the last one (where there are not
 * two windows yet, between the halves of what there is), and by more than chance makes of so few jumping steps: by this many
 * standard errors of the two means' difference.
 */
const falling = { share: 0.01, errors: 2 };

/** Swings are looked for among so many last steps, in means of `swingMean` steps. */
export const swingWindow = 80;
const swingMean = 5;
/**
 * As a share of ln K, and how often. Found in 18 of 30 places of a run with the former numbers of "Collapse in a minute", which swung, and in
 * none of four runs of 600 steps with today's (docs/adr/0021-collapse-preset.md).
 */
const swing = { atLeast: 0.2, count: 3 };

const meanOf = (reports: readonly StepReport[], pick: (report: StepReport) => number): number =>
  reports.reduce((sum, report) => sum + pick(report), 0) / reports.length;

/** @returns the turning points of a curve, without swings that are smaller than `atLeast` */
function turningPoints(values: readonly number[], atLeast: number): number[] {
  const [first] = values;
  if (first === undefined) return [];
  const points = [first];
  let [low, high] = [first, first];
  let direction = 0;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    const turn =
      direction >= 0 && high - value >= atLeast ? -1 : direction <= 0 && value - low >= atLeast ? 1 : 0;
    if (turn === 0) continue;
    const end = turn < 0 ? high : low;
    if (direction === 0) points[0] = end;
    else points.push(end);
    [low, high, direction] = [value, value, turn];
  }
  if (direction !== 0) points.push(direction > 0 ? high : low);
  return points;
}

/** @returns null where the entropy of the last steps does not swing */
function findOscillation(reports: readonly StepReport[], uniform: number): TrainingVerdict | null {
  const recent = reports.slice(-swingWindow);
  const means = Array.from({ length: Math.floor(recent.length / swingMean) }, (_, at) =>
    meanOf(
      recent.slice(at * swingMean, (at + 1) * swingMean),
      ({ teacherEntropy }) => teacherEntropy / uniform,
    ),
  );
  const points = turningPoints(means, swing.atLeast);
  if (points.length <= swing.count) return null;
  return { kind: 'oscillates', lowShare: Math.min(...points), highShare: Math.max(...points) };
}

const varianceOf = (reports: readonly StepReport[], mean: number): number =>
  reports.reduce((sum, { loss }) => sum + (loss - mean) ** 2, 0) / (reports.length - 1);

/** @param reports at least four, in order */
function isFalling(reports: readonly StepReport[]): boolean {
  const half = Math.floor(reports.length / 2);
  const [before, now] = [reports.slice(0, -half), reports.slice(-half)];
  const [meanBefore, meanNow] = [before, now].map((part) => meanOf(part, ({ loss }) => loss)) as [
    number,
    number,
  ];
  const error = Math.sqrt(
    varianceOf(before, meanBefore) / before.length + varianceOf(now, meanNow) / now.length,
  );
  const fall = meanBefore - meanNow;
  return fall > falling.share * meanBefore && fall > falling.errors * error;
}

/** @param reports of the run, in order; the last `swingWindow` of them are enough @param outputDim K */
export function judgeTraining(reports: readonly StepReport[], outputDim: number): TrainingVerdict {
  if (reports.length < verdictWindow) return { kind: 'too-early' };
  const recent = reports.slice(-verdictWindow);
  const uniform = Math.log(outputDim);
  const entropy = meanOf(recent, ({ teacherEntropy }) => teacherEntropy) / uniform;
  const kl = meanOf(recent, (report) => report.kl) / uniform;
  const loss = meanOf(recent, (report) => report.loss) / uniform;
  const oscillation = findOscillation(reports, uniform);
  if (oscillation !== null) return oscillation;
  if (kl < collapsed.klBelow && entropy < collapsed.entropyBelow) return { kind: 'one-output' };
  if (kl < collapsed.klBelow && entropy > collapsed.entropyAbove) return { kind: 'uniform' };
  if (kl < constantKlBelow) return { kind: 'constant' };
  const both = reports.slice(-2 * verdictWindow);
  const longKl = meanOf(both, (report) => report.kl) / uniform;
  const longEntropy = meanOf(both, ({ teacherEntropy }) => teacherEntropy) / uniform;
  if (longKl < leaning.klBelow && both.length === 2 * verdictWindow) {
    if (longEntropy < leaning.entropyBelow) return { kind: 'towards-one-output' };
    if (longEntropy > leaning.entropyAbove) return { kind: 'towards-uniform' };
  }
  if (Math.abs(loss - 1) < chanceWithin) return { kind: 'at-chance' };
  return { kind: isFalling(both) ? 'learning' : 'steady', entropyShare: entropy };
}

/** What the sentence depends on, besides the curves. */
export interface VerdictContext {
  /** Taken so far. */
  readonly step: number;
  readonly freezeLastLayerSteps: number;
  readonly outputDim: number;
  readonly switches: TrainingSwitches;
  /** Every change of the switches so far, in order; the first entry is how the run began. */
  readonly spells: readonly SwitchMark[];
  /** The learning rate of the last step as a share of the run's highest. */
  readonly rateShare: number;
}

const healthy =
  'Healthy: the loss is falling, the teacher’s entropy lies between 0 and ln K, and KL is above 0, so there is something to learn.';
const steady =
  'No collapse: the teacher’s entropy lies between 0 and ln K, and KL is above 0. The loss is not falling now; DINO’s loss need not, for the teacher gets better too.';

/** While centring or sharpening is off, a run is not called healthy. @param entropyShare of ln K */
function describeSwitchedOff(
  { centring, sharpening }: TrainingSwitches,
  entropyShare: number,
): string | null {
  if (!centring && !sharpening)
    return 'Centring and sharpening are off: expect KL to go to 0, with nothing that holds the entropy anywhere.';
  if (!centring)
    return entropyShare < leaning.entropyBelow
      ? 'Centring is off, and the teacher’s entropy is near 0: expect KL to go to 0 too.'
      : 'Centring is off: expect the teacher’s entropy to fall to 0. The loss falls with it, and that is no learning.';
  if (!sharpening)
    return entropyShare > leaning.entropyAbove
      ? 'Sharpening is off, and the teacher’s entropy is near ln K: expect KL to go to 0 too.'
      : 'Sharpening is off: expect the teacher’s entropy to rise to ln K, and KL to go to 0.';
  return null;
}

const percent = (share: number): string => withUnit(Math.round(100 * share), '%');

function describeKind(verdict: TrainingVerdict, context: VerdictContext): string {
  const { step, freezeLastLayerSteps, outputDim, switches } = context;
  const uniform = `ln K = ${Math.log(outputDim).toFixed(2)}`;
  switch (verdict.kind) {
    case 'too-early':
      return `Fewer than ${verdictWindow} steps say little: single steps jump, since every batch is another one.`;
    case 'diverged':
      return 'Diverged: the loss is no longer a number. A lower learning rate may help.';
    case 'one-output':
      return 'Collapsed to one output: the teacher answers every crop with the same one (entropy near 0), the student has nothing left to learn (KL near 0). Centring prevents this.';
    case 'uniform':
      return `Collapsed to uniform: the teacher’s outputs are all alike (entropy near ${uniform}), the student has nothing left to learn (KL near 0). Sharpening prevents this.`;
    case 'constant':
      return 'Collapsed: KL is 0, so teacher and student give every crop the same answer. Nothing is left to learn.';
    case 'towards-one-output':
      return 'The teacher’s entropy is close to 0 and KL is small: it leans towards one output for all crops.';
    case 'towards-uniform':
      return `The teacher’s entropy is close to ${uniform} and KL is small: its outputs are becoming uniform.`;
    case 'at-chance':
      return step <= 2 * freezeLastLayerSteps
        ? `The loss is near ${uniform}, what chance would score. That is normal while the head’s last layer stands still (${freezeLastLayerSteps} steps) and the learning rate warms up.`
        : `The loss stays near ${uniform}, what chance would score: the student does not follow yet. If it lasts, raise the learning rate or take fewer outputs.`;
    case 'oscillates':
      return `Oscillates: the teacher’s entropy swings between ${percent(verdict.lowShare)} and ${percent(verdict.highShare)} of ln K, so nothing that is learned lasts. A lower learning rate or a slower teacher (a higher momentum) may help.`;
    case 'learning':
    case 'steady': {
      const switchedOff = describeSwitchedOff(switches, verdict.entropyShare);
      if (switchedOff !== null) return switchedOff;
      return verdict.kind === 'learning' ? healthy : steady;
    }
    default:
      return assertNever(verdict);
  }
}

/** Spells that are over, as 'centring was off in steps 41 to 90'. */
function describeSpells(spells: readonly SwitchMark[]): string[] {
  return (['centring', 'sharpening'] as const).flatMap((name) => {
    const found: string[] = [];
    let since: number | null = null;
    for (const { step, [name]: isOn } of spells) {
      if (!isOn) since ??= step;
      // A switch that was set back before a step was taken has done nothing.
      else if (since !== null) {
        if (step > since) found.push(`${since} to ${step - 1}`);
        since = null;
      }
    }
    return found.length === 0 ? [] : [`${name} was off in steps ${found.join(' and ')}`];
  });
}

/** Below this share of its highest value, a learning rate changes little in a hundred steps. */
const spentRateBelow = 0.05;

/** The verdict in words, with what was switched before it, since that still shows in the networks. */
export function describeVerdict(verdict: TrainingVerdict, context: VerdictContext): string {
  const sentences = [describeKind(verdict, context)];
  const spells = describeSpells(context.spells);
  if (spells.length > 0) sentences.push(`Before, ${spells.join(', ')}.`);
  if (verdict.kind !== 'diverged' && context.rateShare < spentRateBelow)
    sentences.push('The learning rate is almost spent: for another experiment, start again.');
  return sentences.join(' ');
}
