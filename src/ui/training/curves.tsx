import { useMemo } from 'react';
import { formatCurve } from './curve-numbers.ts';
import type { RunView } from './training-state.ts';
import { Plot } from './plot.tsx';
import type { CurveName, CurvePoints } from './report-log.ts';
import { withUnit } from '../../core/with-unit.ts';
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

const formatPercent = (value: number): string => withUnit(value.toFixed(0), '%');

/** k-NN by the teacher, where the photographs came in folders: does it learn anything? Measured when maps are taken. */
function ClassCurve({ run }: { readonly run: RunView }) {
  const { snapshots, reports, switches, configuration } = run;
  const known = useMemo(
    () =>
      snapshots.flatMap(({ step, knnAccuracy }) =>
        knnAccuracy === null ? [] : [{ step, percent: 100 * knnAccuracy }],
      ),
    [snapshots],
  );
  const points = useMemo(() => {
    const later = known.filter(({ step }) => step > 0);
    return {
      steps: later.map(({ step }) => step),
      values: later.map(({ percent }) => percent),
    };
  }, [known]);
  const before = known.find(({ step }) => step === 0)?.percent;
  const reference = useMemo(
    () =>
      before === undefined ? null : { value: before, label: `${formatPercent(before)} before training` },
    [before],
  );
  if (known.length === 0) return null;
  return (
    <Plot
      title="k-NN on its folders"
      points={points}
      stepsTaken={reports.length}
      lastStep={configuration.steps}
      marks={switches}
      fromZero
      format={formatPercent}
      {...(reference === null ? {} : { reference })}
    />
  );
}

/** Small plots with the same axis of steps. Loss and entropy have a reference line at ln K, the value of a uniform output. */
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
      <ClassCurve run={run} />
    </div>
  );
}
