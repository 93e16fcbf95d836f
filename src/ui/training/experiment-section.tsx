import { ChartLine } from 'lucide-react';
import { fewestPhotographs } from '../../core/collapse-experiment.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { useApp } from '../services.tsx';
import { useExperimentPhotographs } from './use-experiment-photographs.ts';

/** One button that draws the paper's figure 7. */
export function ExperimentSection() {
  const isReady = useApp((state) => state.engine.status === 'ready');
  const { draw } = useExperimentPhotographs();
  return (
    <section aria-labelledby="experiment-title" className="experiment">
      <div className="setup-head">
        <h3 id="experiment-title">The paper’s figure 7, live</h3>
        <IconButton
          icon={ChartLine}
          label="Why centring and sharpening"
          withText
          disabled={!isReady}
          aria-describedby="experiment-note"
          onClick={() => void draw()}
        />
      </div>
      <p className="training-note" id="experiment-note">
        Trains a tiny network three times: with both, without centring, without sharpening. It takes about a
        minute, and draws the curves over each other. It uses the chosen photographs if there are{' '}
        {fewestPhotographs}, else the samples; and the numbers that you have changed, if Collapse in a minute
        is chosen.
      </p>
    </section>
  );
}
