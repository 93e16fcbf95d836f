/** What `npm run evaluate` found, for people (Markdown) and for programs (JSON). */
import type { FeatureChoice } from '../../src/core/model.ts';
import type { Overlap } from '../../src/core/overlap.ts';
import { featuresTitle } from '../../src/lenses/feature-choice.ts';
import { bestHeadName, headName, meanHeadName, priorName, type Method } from './evaluate-networks.ts';
import { keptShare } from './head-masks.ts';
import type { Average, Averages, FitAverage } from './scores.ts';
import { countOf } from '../../src/core/count-of.ts';

export interface NetworkScores {
  readonly id: string;
  readonly title: string;
  readonly parameterCount: number;
  /** By which features lost, tokencut and maskcut compared patches. */
  readonly features: FeatureChoice;
  /** Data set → scores. */
  readonly sets: Readonly<Record<string, Averages>>;
  /** The same network before it learned anything. */
  readonly random: Readonly<Record<string, Averages>>;
}

export interface Evaluation {
  readonly sidePx: number;
  readonly overlap: Overlap;
  /** Photographs of each set, or null for all. */
  readonly sample: number | null;
  readonly seed: number;
  readonly keptShare: typeof keptShare;
  readonly methods: readonly Method[];
  /** Whether the masks of lost, tokencut and maskcut follow the photograph's edges. */
  readonly refine: boolean;
  /** Data set → the share of pixels that its masks leave out as a border, 0..1. */
  readonly borders: Readonly<Record<string, number>>;
  readonly centrePrior: Readonly<Record<string, Averages>>;
  readonly networks: readonly NetworkScores[];
}

const number = (value: number): string => value.toFixed(3);

const withError = ({ mean, error }: Average): string =>
  error === null ? number(mean) : `${number(mean)} ± ${number(error)}`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);

const describeSet = (set: string, { photographs, units }: Averages): string =>
  units === photographs
    ? `### ${set}: ${countOf(photographs, 'photograph')}`
    : `### ${set}: ${countOf(photographs, 'photograph')}, averaged over ${countOf(units, 'sequence')}`;

/** @returns the fits of the single heads, in their order; empty where heads were not scored */
function headsOf({ fits }: Averages): FitAverage[] {
  const heads: FitAverage[] = [];
  for (let fit = fits[headName(0)]; fit !== undefined; fit = fits[headName(heads.length)]) heads.push(fit);
  return heads;
}

/** The network's row in the table of heads. */
function headsRow(title: string, averages: Averages): string[][] {
  const [best, mean] = [averages.fits[bestHeadName], averages.fits[meanHeadName]];
  if (best === undefined || mean === undefined) return [];
  const heads = headsOf(averages).map(({ jaccard }) => number(jaccard.mean));
  return [[title, withError(best.jaccard), number(mean.jaccard.mean), heads.join(' ')]];
}

/** The one head that has the best mask over all photographs, as "DINO-seg" takes one. */
function singleHead(averages: Averages): readonly (readonly [name: string, fit: FitAverage])[] {
  const heads = headsOf(averages);
  const best = heads.toSorted((a, b) => b.jaccard.mean - a.jaccard.mean)[0];
  return best === undefined ? [] : [[`${headName(heads.indexOf(best))}, the best one over all`, best]];
}

/** The network's rows in the table of methods. */
function methodRows(title: string, by: string, averages: Averages): string[][] {
  const { fits } = averages;
  const row = (name: string, source: string, fit: FitAverage): string[] => [
    title,
    name,
    source,
    withError(fit.jaccard),
    withError(fit.corLoc),
  ];
  const named = (name: string, shown = name): (readonly [string, FitAverage])[] => {
    const fit = fits[name];
    return fit === undefined ? [] : [[shown, fit]];
  };
  const heads = [...named(bestHeadName, 'best head, chosen by the mask'), ...singleHead(averages)];
  const cuts = [
    ...named('lost', 'LOST'),
    ...named('tokencut', 'TokenCut'),
    ...named('maskcut', 'MaskCut, first object'),
  ];
  return [
    ...[...heads, ...named(meanHeadName)].map(([name, fit]) => row(name, 'attention of CLS', fit)),
    ...cuts.map(([name, fit]) => row(name, by, fit)),
  ];
}

export function markdownReport(evaluation: Evaluation): string {
  const { sidePx, overlap, sample, seed, refine, centrePrior, networks } = evaluation;
  const lines = [
    `Jaccard index of masks, of heads those that keep ${keptShare * 100} % of the mass; long side ${sidePx} px` +
      `${overlap === 1 ? '' : `, patches that overlap ${overlap} ×`}; ` +
      `${sample === null ? 'all photographs' : `at most ${countOf(sample, 'photograph')} of a set`}; seed ${seed}.`,
  ];
  for (const [set, prior] of Object.entries(centrePrior)) {
    const heads: string[][] = [];
    const byMethod: string[][] = [];
    for (const { title, features, sets, random } of networks)
      for (const [name, averages] of [
        [title, sets[set]],
        [`${title}, random weights`, random[set]],
      ] as const) {
        if (averages === undefined) continue;
        heads.push(...headsRow(name, averages));
        byMethod.push(
          ...methodRows(name, `${featuresTitle(features)}${refine ? ', refined' : ''}`, averages),
        );
      }
    const [priorFit] = Object.values(prior.fits);
    if (priorFit === undefined) continue;
    const { jaccard, corLoc } = priorFit;
    lines.push('', describeSet(set, prior));
    const border = evaluation.borders[set] ?? 0;
    if (border > 0)
      lines.push('', `${(100 * border).toFixed(1)} % of the pixels are a border and do not count.`);
    if (heads.length > 0)
      lines.push(
        '',
        ...table(
          ['network', 'best head', 'mean over heads', 'each head'],
          [...heads, [priorName, withError(jaccard), '', '']],
        ),
      );
    lines.push(
      '',
      ...table(
        ['network', 'mask', 'by', 'Jaccard', 'CorLoc'],
        [...byMethod, [priorName, '', '', withError(jaccard), withError(corLoc)]],
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}
