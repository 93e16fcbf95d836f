/** What the figure draws and says, from the trainings that it shows. */
import type { FigureCurve } from '../../render/figure-axes.ts';
import type { ReportLog } from './report-log.ts';
import type { FigureState, FigureTraining } from './training-state.ts';

/** For a plot: thinned, where there are more steps than pixels. */
export function curveOf(label: string, reports: ReportLog, outputDim: number): FigureCurve {
  const entropy = reports.curve('teacherEntropy');
  const kl = reports.curve('kl');
  // Each curve is thinned by its own peaks, so the steps may differ.
  const { steps } = entropy;
  const byStep = new Map(kl.steps.map((step, at) => [step, kl.values[at] ?? NaN]));
  const both = steps.filter((step) => byStep.has(step));
  const entropies = new Map(steps.map((step, at) => [step, entropy.values[at] ?? NaN]));
  return {
    label,
    outputDim,
    steps: both,
    entropies: both.map((step) => entropies.get(step) ?? NaN),
    kls: both.map((step) => byStep.get(step) ?? NaN),
  };
}

export const figureCurve = ({ label, reports, outputDim }: FigureTraining): FigureCurve =>
  curveOf(label, reports, outputDim);

/** For a table. */
export function everyStep({ label, reports, outputDim }: FigureTraining): FigureCurve {
  const all = reports.tail(reports.length);
  return {
    label,
    outputDim,
    steps: all.map(({ step }) => step),
    entropies: all.map(({ teacherEntropy }) => teacherEntropy),
    kls: all.map(({ kl }) => kl),
  };
}

export const figureLength = ({ trainings }: FigureState): number =>
  Math.max(1, ...trainings.map(({ lastStep }) => lastStep));

export const figureTitle = ({ trainings }: FigureState): string =>
  trainings.every(({ condition }) => condition !== null)
    ? 'Why centring and sharpening'
    : 'Kept runs over each other';

export function figureWords({ trainings }: FigureState): string {
  const parts = trainings.flatMap(({ label, reports: { last } }) =>
    last === undefined
      ? []
      : `${label}: entropy ${last.teacherEntropy.toFixed(2)}, KL ${last.kl.toFixed(2)} at step ${last.step}`,
  );
  return `Teacher’s entropy and KL divergence over the steps. ${parts.join('; ')}`;
}
