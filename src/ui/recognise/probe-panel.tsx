import { Download, FolderOpen, Play, X } from 'lucide-react';
import { useRef } from 'react';
import { describeFailure } from '../../core/failure.ts';
import { countOf } from '../../core/count-of.ts';
import { formatPercent } from '../kit/format.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { saveFile } from '../kit/save-file.ts';
import { WarningMark } from '../kit/warning-mark.tsx';
import { useApp, useRecognise, useServices } from '../services.tsx';
import { predictionsToCsv } from './collection-csv.ts';
import { titleOfFeature } from './feature-words.ts';
import type { ProbeView, TrainedProbe } from './recognise-state.ts';
import './probe-panel.css';

const percent = (share: number | null): string => (share === null ? '–' : formatPercent(share));

/** Both numbers are of the same photographs, which the probe has not seen. */
function Trained({ trained }: { readonly trained: TrainedProbe }) {
  const { accuracy, knnAccuracy, k, heldOut, weightDecay, losses } = trained;
  const loss = losses.at(-1);
  return (
    <>
      <dl className="probe-numbers">
        <div>
          <dt>Linear probe</dt>
          <dd>{percent(accuracy)}</dd>
        </div>
        <div>
          <dt>k-NN, k = {k}</dt>
          <dd>{percent(knnAccuracy)}</dd>
        </div>
      </dl>
      <p className="side-note">
        Both on the same {countOf(heldOut, 'photograph')} that were held out.
        {loss === undefined ? '' : ` Loss ${loss.toFixed(3)}, weight decay ${weightDecay.toPrecision(2)}.`}
      </p>
    </>
  );
}

function Files({ view }: { readonly view: ProbeView | null }) {
  const { recognise } = useServices();
  const input = useRef<HTMLInputElement>(null);
  const open = useRecognise((state) => state.open);
  if (open === null) return null;
  return (
    <div className="side-buttons">
      {view !== null && view.trained !== null && (
        <IconButton
          icon={Download}
          label="Save the probe"
          withText
          onClick={() =>
            view.trained && saveFile(view.trained.file, `${open.kept.title} linear probe.safetensors`)
          }
        />
      )}
      {view !== null && (
        <IconButton
          icon={Download}
          label="Predictions, CSV"
          withText
          onClick={() =>
            saveFile(predictionsToCsv(open, view.predictions), `${open.kept.title} linear probe.csv`)
          }
        />
      )}
      <IconButton icon={FolderOpen} label="Open a probe" withText onClick={() => input.current?.click()} />
      <input
        ref={input}
        type="file"
        accept=".safetensors"
        hidden
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = '';
          if (file !== undefined) void recognise.openProbe(file);
        }}
      />
    </div>
  );
}

/** A linear classifier on the kept features, beside the votes. */
export function ProbePanel() {
  const { recognise } = useServices();
  const probe = useRecognise((state) => state.probe);
  const classes = useRecognise((state) => state.votes.value?.classNames.length ?? 0);
  const isReady = useApp((state) => state.engine.status === 'ready');
  const isGathering = useRecognise((state) => state.gathering !== null);
  const { value } = probe;
  const isTraining = probe.status === 'asking';
  return (
    <section className="probe" aria-labelledby="probe-title">
      <h3 id="probe-title">Linear probe</h3>
      <p className="side-note">
        One linear layer, trained on the kept features: the usual way to measure how much a network knows. A
        quarter of each class is held out to measure it; the weight decay is chosen by a part of the others.
      </p>
      {value?.trained !== undefined && value.trained !== null && <Trained trained={value.trained} />}
      {value !== null && value.fileName !== null && (
        <p className="side-note">
          From {value.fileName}, by {titleOfFeature(value.feature)}. The photographs show what it says.
        </p>
      )}
      {isTraining ? (
        <div className="probe-progress">
          <progress
            aria-label="Training the probe"
            {...(probe.share === null ? {} : { value: probe.share, max: 1 })}
          />
          <IconButton icon={X} label="Cancel" withText onClick={() => recognise.cancelProbe()} />
        </div>
      ) : (
        <div className="side-buttons">
          <IconButton
            icon={Play}
            label={value?.trained === undefined || value.trained === null ? 'Train' : 'Train again'}
            withText
            className="icon-button-primary"
            disabled={!isReady || isGathering || classes < 2}
            onClick={() => void recognise.trainProbe()}
          />
        </div>
      )}
      {classes < 2 && <p className="side-note">It needs at least two classes.</p>}
      {probe.status === 'failed' && (
        <p className="side-failure">
          <WarningMark />
          {describeFailure(probe.failure)}
        </p>
      )}
      <Files view={value} />
    </section>
  );
}
