import { useEffect, useRef } from 'react';
import { useApp, useTraining } from '../services.tsx';
import { CurvesPresenter } from './curves-presenter.tsx';
import { FigurePanel } from './figure-panel.tsx';
import { RunPanel } from './run-panel.tsx';
import { SetupPanel } from './setup-panel.tsx';
import { TransferLine } from './transfer-line.tsx';
import './training-view.css';

/** Trains with DINO's loss on the person's photographs: first the setup, then the run. */
export function TrainingView({ onAdd }: { readonly onAdd: () => void }) {
  const run = useTraining((state) => state.run);
  const main = useRef<HTMLElement>(null);
  const figure = useTraining((state) => state.figure);
  const presenting = useApp((state) => state.presenting);
  const shown = figure !== null ? 'figure' : run !== null ? 'run' : 'setup';
  // The pressed button was removed with its panel, and the focus with it.
  useEffect(() => {
    if (document.activeElement === document.body) main.current?.focus();
    window.scrollTo(0, 0);
  }, [shown, presenting]);
  return (
    <main className="training" id="content" tabIndex={-1} ref={main}>
      {presenting && shown !== 'setup' ? (
        <CurvesPresenter />
      ) : figure !== null ? (
        <FigurePanel figure={figure} />
      ) : run === null ? (
        <>
          <h2 className="training-title">Train on your photographs</h2>
          <SetupPanel onAdd={onAdd} />
        </>
      ) : (
        <>
          <RunPanel run={run} />
          <TransferLine />
        </>
      )}
    </main>
  );
}
