import { X } from 'lucide-react';
import { describeVerdict } from '../../core/training-verdict.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { useApp, useTraining } from '../services.tsx';
import { curveOf, figureCurve, figureLength, figureTitle, figureWords } from './figure-curves.ts';
import { FigureDrawing } from './figure-drawing.tsx';
import { FigureSentences } from './figure-panel.tsx';
import { RunSwitches } from './run-panel.tsx';
import { type FigureState, type RunView, verdictContextOf, verdictOf } from './training-state.ts';
import './curves-presenter.css';

/** Of the letters in the charts. */
const scale = 1.7;

function PresentedRun({ run }: { readonly run: RunView }) {
  const { title, reports, configuration, switches } = run;
  const { outputDim, steps } = configuration;
  const verdict = verdictOf(run);
  return (
    <>
      <FigureDrawing
        curves={[curveOf(title, reports, outputDim)]}
        lastStep={steps}
        marks={switches}
        words={`Teacher’s entropy and KL divergence over ${reports.length} steps`}
        scale={scale}
      />
      <div className="presenter-words">
        <p>{verdict !== null && describeVerdict(verdict, verdictContextOf(run))}</p>
        <RunSwitches run={run} />
      </div>
    </>
  );
}

function PresentedFigure({ figure }: { readonly figure: FigureState }) {
  return (
    <>
      <FigureDrawing
        curves={figure.trainings.map(figureCurve)}
        lastStep={figureLength(figure)}
        words={figureWords(figure)}
        scale={scale}
      />
      <FigureSentences figure={figure} />
    </>
  );
}

/** Two large charts on the whole screen, for a room. */
export function CurvesPresenter() {
  const run = useTraining((state) => state.run);
  const figure = useTraining((state) => state.figure);
  const setPresenting = useApp((state) => state.setPresenting);
  return (
    <div className="curves-presenter">
      <header>
        <h2>{figure === null ? run?.title : figureTitle(figure)}</h2>
        <IconButton icon={X} label="Leave the presentation" onClick={() => setPresenting(false)} />
      </header>
      {figure !== null ? <PresentedFigure figure={figure} /> : run !== null && <PresentedRun run={run} />}
    </div>
  );
}
