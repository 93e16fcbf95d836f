/** What `npm run evaluate` found, for people (Markdown) and for programs (JSON). */
import { keptShare } from './jaccard.ts';
import type { Average } from './scores.ts';

export interface NetworkScores {
  readonly id: string;
  readonly title: string;
  readonly parameterCount: number;
  /** Data set → scores. */
  readonly sets: Readonly<Record<string, Average>>;
  /** The same network before it learned anything. */
  readonly random: Readonly<Record<string, Average>>;
}

export interface Evaluation {
  readonly sidePx: number;
  /** Photographs of each set, or null for all. */
  readonly sample: number | null;
  readonly seed: number;
  readonly keptShare: typeof keptShare;
  readonly centrePrior: Readonly<Record<string, Average>>;
  readonly networks: readonly NetworkScores[];
}

const number = (value: number): string => value.toFixed(3);

const withError = ({ bestHead, bestHeadError }: Average): string =>
  bestHeadError === null ? number(bestHead) : `${number(bestHead)} ± ${number(bestHeadError)}`;

const row = (name: string, average: Average): string =>
  `| ${name} | ${withError(average)} | ${number(average.meanOverHeads)} | ${average.heads.map(number).join(' ')} |`;

const describeSet = (set: string, { photographs, units }: Average): string =>
  units === photographs
    ? `### ${set}: ${photographs} photographs`
    : `### ${set}: ${photographs} photographs, averaged over ${units} sequences`;

export function markdownReport(evaluation: Evaluation): string {
  const { sidePx, sample, seed, centrePrior, networks } = evaluation;
  const lines = [
    `Jaccard index of masks that keep ${keptShare * 100} % of the mass; long side ${sidePx} px; ` +
      `${sample === null ? 'all photographs' : `at most ${sample} photographs of a set`}; seed ${seed}.`,
  ];
  for (const [set, prior] of Object.entries(centrePrior)) {
    lines.push(
      '',
      describeSet(set, prior),
      '',
      '| network | best head | mean over heads | each head |',
      '| --- | --- | --- | --- |',
    );
    for (const { title, sets, random } of networks) {
      const [trained, untrained] = [sets[set], random[set]];
      if (trained) lines.push(row(title, trained));
      if (untrained) lines.push(row(`${title}, random weights`, untrained));
    }
    lines.push(`| centre prior | ${withError(prior)} | | |`);
  }
  return `${lines.join('\n')}\n`;
}
