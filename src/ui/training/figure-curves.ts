/** What the figure draws and says, from the trainings that it shows. */
import { meanAround } from '../../render/collapse-figure.ts';
import type { FigureCurve } from '../../render/figure-axes.ts';
import type { ReportLog } from './report-log.ts';
import type { FigureState, FigureTraining } from './training-state.ts';

/** For a plot: thinned, where there are more steps than pixels, without losing a peak of either quantity. */
export function curveOf(label: string, reports: ReportLog, outputDim: number): FigureCurve {
  const all = reports.tail(reports.length);
  const entropies = all.map(({ teacherEntropy }) => teacherEntropy);
  const kls = all.map(({ kl }) => kl);
  const drawn = new Set([...reports.curve('teacherEntropy').steps, ...reports.curve('kl').steps]);
  const places = all.flatMap(({ step }, at) => (drawn.has(step) ? at : []));
  return {
    label,
    outputDim,
    steps: places.map((at) => all[at]?.step ?? NaN),
    entropies: places.map((at) => entropies[at] ?? NaN),
    kls: places.map((at) => kls[at] ?? NaN),
    means: {
      entropies: places.map((at) => meanAround(entropies, at)),
      kls: places.map((at) => meanAround(kls, at)),
    },
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

/** Whether it is the paper's figure, and not of kept runs. */
export const isExperiment = ({ trainings }: FigureState): boolean =>
  trainings.every(({ condition }) => condition !== null);

export const figureTitle = (figure: FigureState): string =>
  isExperiment(figure) ? 'Why centring and sharpening' : 'Kept runs over each other';

export function figureWords({ trainings }: FigureState): string {
  const parts = trainings.flatMap(({ label, reports: { last } }) =>
    last === undefined
      ? []
      : `${label}: entropy ${last.teacherEntropy.toFixed(2)}, KL ${last.kl.toFixed(2)} at step ${last.step}`,
  );
  return `Teacher’s entropy and KL divergence over the steps. ${parts.join('; ')}`;
}
