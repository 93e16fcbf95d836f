import { useEffect, useRef } from 'react';
import { useTraining } from '../services.tsx';
import { RunPanel } from './run-panel.tsx';
import { SetupPanel } from './setup-panel.tsx';
import { TransferLine } from './transfer-line.tsx';
import './training-view.css';

/** Trains with DINO's loss on the person's photographs: first the setup, then the run. */
export function TrainingView({ onAdd }: { readonly onAdd: () => void }) {
  const run = useTraining((state) => state.run);
  const main = useRef<HTMLElement>(null);
  const isRun = run !== null;
  // The pressed button was removed with its panel, and the focus with it.
  useEffect(() => {
    if (document.activeElement === document.body) main.current?.focus();
    window.scrollTo(0, 0);
  }, [isRun]);
  return (
    <main className="training" id="content" tabIndex={-1} ref={main}>
      {run === null ? (
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
