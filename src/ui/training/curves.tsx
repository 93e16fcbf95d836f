import { useMemo } from 'react';
import { formatCurve } from './curve-numbers.ts';
import type { RunView } from './training-state.ts';
import { Plot } from './plot.tsx';
import type { CurveName, CurvePoints } from './report-log.ts';
import './curves.css';

const curves: readonly (readonly [name: CurveName, title: string])[] = [
  ['loss', 'Loss'],
  ['teacherEntropy', 'Teacher’s entropy'],
  ['kl', 'KL divergence'],
  ['centreNorm', 'Centre, norm'],
  ['gradientNorm', 'Gradient, norm'],
  ['learningRate', 'Learning rate'],
];

const nothing: CurvePoints = { steps: [], values: [] };

/** Six small plots with the same axis of steps. Loss and entropy have a reference line at ln K, the value of a uniform output. */
export function Curves({ run }: { readonly run: RunView }) {
  const { reports, switches, configuration } = run;
  const { steps: lastStep, outputDim } = configuration;
  const points = useMemo(() => curves.map(([name]) => reports.curve(name)), [reports]);
  const uniform = useMemo(
    () => ({ value: Math.log(outputDim), label: `ln K = ${Math.log(outputDim).toFixed(2)}` }),
    [outputDim],
  );
  return (
    <div className="curves">
      {curves.map(([name, title], index) => (
        <Plot
          key={name}
          title={title}
          points={points[index] ?? nothing}
          stepsTaken={reports.length}
          lastStep={lastStep}
          marks={switches}
          fromZero
          format={formatCurve}
          {...(index < 2 ? { reference: uniform } : {})}
        />
      ))}
    </div>
  );
}
