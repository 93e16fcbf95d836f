import { Download, Presentation, RotateCcw, X } from 'lucide-react';
import { describeExperimentEnd, judgeExperiment } from '../../core/collapse-experiment.ts';
import { describeFailure } from '../../core/failure.ts';
import { layOutFigure } from '../../render/collapse-figure.ts';
import { figureToCsv } from '../../render/figure-csv.ts';
import { figureToSvg, paintFigure } from '../../render/figure-output.ts';
import { paperColours } from '../../render/figure-shapes.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { saveFile } from '../kit/save-file.ts';
import { WarningMark } from '../kit/warning-mark.tsx';
import { useApp, useServices } from '../services.tsx';
import {
  everyStep,
  figureCurve,
  figureLength,
  figureTitle,
  figureWords,
  isExperiment,
} from './figure-curves.ts';
import { FigureDrawing } from './figure-drawing.tsx';
import type { FigureState, FigureTraining } from './training-state.ts';
import { useExperimentPhotographs } from './use-experiment-photographs.ts';
import './figure-panel.css';

const savedSize = { widthPx: 1600, heightPx: 640, fontPx: 21 };
/** Of a saved PNG, beyond the layout's pixels: sharp on a large screen. */
const pngScale = 2;

async function toPng(figure: FigureState): Promise<Blob | null> {
  const { widthPx, heightPx } = savedSize;
  const canvas = new OffscreenCanvas(pngScale * widthPx, pngScale * heightPx);
  const context = canvas.getContext('2d');
  if (!context) return null;
  context.scale(pngScale, pngScale);
  const curves = figure.trainings.map(figureCurve);
  paintFigure(context, layOutFigure(curves, figureLength(figure), savedSize, paperColours));
  return canvas.convertToBlob({ type: 'image/png' });
}

const svgOf = (figure: FigureState): Blob =>
  new Blob(
    [
      figureToSvg(
        layOutFigure(figure.trainings.map(figureCurve), figureLength(figure), savedSize, paperColours),
        figureTitle(figure),
      ),
    ],
    { type: 'image/svg+xml' },
  );

function SaveButtons({ figure }: { readonly figure: FigureState }) {
  const fileName = isExperiment(figure) ? 'centring-and-sharpening' : 'kept-runs';
  const savePng = async (): Promise<void> => {
    const png = await toPng(figure);
    if (png !== null) saveFile(png, `${fileName}.png`);
  };
  return (
    <>
      <IconButton icon={Download} label="PNG" withText onClick={() => void savePng()} />
      <IconButton
        icon={Download}
        label="SVG"
        withText
        onClick={() => saveFile(svgOf(figure), `${fileName}.svg`)}
      />
      <IconButton
        icon={Download}
        label="CSV"
        withText
        onClick={() => {
          const csv = figureToCsv(figure.trainings.map(everyStep));
          saveFile(new Blob([csv], { type: 'text/csv' }), `${fileName}.csv`);
        }}
      />
    </>
  );
}

function sentenceOf({ reports, outputDim, lastStep, condition }: FigureTraining): string {
  const { last } = reports;
  if (last === undefined) return condition === null ? 'It has no steps yet.' : 'About to begin.';
  if (condition !== null && reports.length < lastStep) return `Step ${last.step} of ${lastStep}.`;
  const end = judgeExperiment(reports.tail(reports.length), outputDim);
  return end === null ? 'Too short to say how it ends.' : describeExperimentEnd(end, outputDim);
}

/** What happened, a sentence for each curve. */
export function FigureSentences({ figure }: { readonly figure: FigureState }) {
  return (
    <dl className="figure-sentences">
      {figure.trainings.map((training) => (
        <div key={training.id} data-condition={training.condition?.id}>
          <dt>{training.label}</dt>
          <dd>{sentenceOf(training)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Progress({ figure }: { readonly figure: FigureState }) {
  const { trainings, planned, status } = figure;
  const current = trainings.at(-1);
  if (status !== 'running' || current === undefined) return null;
  const done = trainings.length - 1 + (current.reports.last?.step ?? 0) / current.lastStep;
  return (
    <div className="run-progress">
      <span id="figure-state">
        Training {trainings.length} of {planned}: {current.label}
      </span>
      <progress aria-labelledby="figure-state" value={done} max={planned} />
    </div>
  );
}

function Controls({ figure }: { readonly figure: FigureState }) {
  const { training } = useServices();
  const setPresenting = useApp((state) => state.setPresenting);
  const { draw } = useExperimentPhotographs();
  const isRunning = figure.status === 'running';
  return (
    <div className="run-controls">
      {isRunning && <IconButton icon={X} label="Cancel" withText onClick={() => training.cancelFigure()} />}
      {!isRunning && isExperiment(figure) && (
        <IconButton icon={RotateCcw} label="Again" withText onClick={() => void draw()} />
      )}
      <IconButton icon={Presentation} label="Present" withText onClick={() => setPresenting(true)} />
      {!isRunning && <IconButton icon={X} label="Close" withText onClick={() => training.closeFigure()} />}
    </div>
  );
}

/** The curves of the experiment, or of kept runs, over each other. */
export function FigurePanel({ figure }: { readonly figure: FigureState }) {
  const { status, failure, source, trainings } = figure;
  return (
    <div className="figure" data-figure-status={status}>
      <header className="run-head">
        <div className="run-name">
          <h2>{figureTitle(figure)}</h2>
          <span className="training-note">{source}. Thin: each step; thick: the mean of eleven.</span>
        </div>
        <Progress figure={figure} />
        <Controls figure={figure} />
      </header>
      {failure !== null && (
        <p className="run-failure">
          <WarningMark />
          {describeFailure(failure)}
        </p>
      )}
      <FigureDrawing
        curves={trainings.map(figureCurve)}
        lastStep={figureLength(figure)}
        words={figureWords(figure)}
        scale={1}
      />
      <FigureSentences figure={figure} />
      {status !== 'running' && (
        <section className="figure-save" aria-labelledby="figure-save-title">
          <h3 id="figure-save-title">Save</h3>
          <div className="take-buttons">
            <SaveButtons figure={figure} />
          </div>
        </section>
      )}
    </div>
  );
}
