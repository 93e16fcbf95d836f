import { useMemo } from 'react';
import type { StepReport } from '../../core/training.ts';
import type { RunView } from './training-state.ts';
import { Plot } from './plot.tsx';

const fixed = (value: number): string =>
  Math.abs(value) < 0.01 && value !== 0 ? value.toExponential(2) : value.toFixed(3);

interface Curve {
  readonly title: string;
  readonly fromZero: boolean;
  pick(report: StepReport): number;
}

const curves: readonly Curve[] = [
  { title: 'Loss', fromZero: true, pick: ({ loss }) => loss },
  { title: 'Teacher’s entropy', fromZero: true, pick: ({ teacherEntropy }) => teacherEntropy },
  { title: 'KL divergence', fromZero: true, pick: ({ kl }) => kl },
  { title: 'Centre, norm', fromZero: true, pick: ({ centreNorm }) => centreNorm },
  { title: 'Gradient, norm', fromZero: true, pick: ({ gradientNorm }) => gradientNorm },
  { title: 'Learning rate', fromZero: true, pick: ({ learningRate }) => learningRate },
];

/** Six small pictures with one axis of steps. Loss and entropy have ln K drawn in: what chance scores, and no information at all. */
export function Curves({ run }: { readonly run: RunView }) {
  const { reports, switches, configuration } = run;
  const { steps: lastStep, outputDim } = configuration;
  const steps = useMemo(() => reports.map(({ step }) => step), [reports]);
  const values = useMemo(() => curves.map(({ pick }) => reports.map(pick)), [reports]);
  const uniform = useMemo(
    () => ({ value: Math.log(outputDim), label: `ln K = ${Math.log(outputDim).toFixed(2)}` }),
    [outputDim],
  );
  return (
    <div className="curves">
      {curves.map(({ title, fromZero }, index) => (
        <Plot
          key={title}
          title={title}
          steps={steps}
          values={values[index] ?? []}
          lastStep={lastStep}
          marks={switches}
          fromZero={fromZero}
          format={fixed}
          {...(index < 2 ? { reference: uniform } : {})}
        />
      ))}
    </div>
  );
}
