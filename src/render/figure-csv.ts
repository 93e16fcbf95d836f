/** The numbers of a figure as a table. */
import { toCsv } from '../core/csv.ts';
import type { FigureCurve } from './figure-axes.ts';

/** A column of steps, then entropy and KL of each curve; a cell is empty where a curve has no such step. Natural logarithms. */
export function figureToCsv(curves: readonly FigureCurve[]): string {
  const steps = [...new Set(curves.flatMap((curve) => curve.steps))].sort((a, b) => a - b);
  const byStep = curves.map(({ steps: own }) => new Map(own.map((step, at) => [step, at])));
  const header = ['step', ...curves.flatMap(({ label }) => [`${label}: entropy`, `${label}: KL`])];
  const rows = steps.map((step) => [
    String(step),
    ...curves.flatMap(({ entropies, kls }, index) => {
      const at = byStep[index]?.get(step);
      return at === undefined ? ['', ''] : [String(entropies[at] ?? ''), String(kls[at] ?? '')];
    }),
  ]);
  return toCsv([header, ...rows]);
}
