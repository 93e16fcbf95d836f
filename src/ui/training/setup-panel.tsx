import { FolderOpen, Play } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { formatBytes } from '../../core/bytes.ts';
import { describeFailure } from '../../core/failure.ts';
import { findProblems } from '../../core/hyper-parameters.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { useApp, useServices, useTraining } from '../services.tsx';
import { chosenPhotographs } from './chosen-photographs.ts';
import { ExperimentSection } from './experiment-section.tsx';
import { HyperFields } from './hyper-fields.tsx';
import { fieldLabels } from './hyper-parameter-words.ts';
import { PhotographPicker } from './photograph-picker.tsx';
import { PresetPicker } from './preset-picker.tsx';
import { KeptRuns } from './run-list.tsx';
import { TransferLine } from './transfer-line.tsx';
import './setup-panel.css';

/** Why the run cannot start; null if it can. */
function useObstacle(): string | null {
  const order = useApp((state) => state.order);
  const photos = useApp((state) => state.photos);
  const engine = useApp((state) => state.engine.status);
  const setup = useTraining((state) => state.setup);
  const plan = useTraining((state) => state.plan);
  const { photographs } = chosenPhotographs({ order, photos }, setup);
  if (engine !== 'ready')
    return engine === 'starting' ? 'The engine is starting.' : 'The engine does not run.';
  if (photographs.length === 0) return 'Choose at least one photograph.';
  const [problem] = findProblems(setup.configuration);
  if (problem !== undefined)
    return `${problem.sentence.replace(/\b\w+\b/g, (word) => labels[word] ?? word)}.`;
  const { saveEvery, mapsEvery } = setup.intervals;
  if (![saveEvery, mapsEvery].every((value) => Number.isInteger(value) && value >= 1 && value <= 100_000))
    return 'Saving and maps need a whole number of steps.';
  if (plan.status === 'failed') return describeFailure(plan.failure);
  if (plan.status === 'known' && plan.plan.problems.length > 0) {
    const said = plan.plan.problems.join('; ');
    return `${said[0]?.toUpperCase()}${said.slice(1)}.`;
  }
  return null;
}

function Memory() {
  const plan = useTraining((state) => state.plan);
  if (plan.status !== 'known') return null;
  const { totalBytes, parameterBytes } = plan.plan;
  return (
    <span className="setup-memory">
      Needs about <strong>{formatBytes(totalBytes)}</strong> of memory ({formatBytes(parameterBytes)} for both
      networks and the optimizer)
    </span>
  );
}

/** Updates the plan a moment after the last change. */
function usePlan(): void {
  const configuration = useTraining(({ setup }) => setup.configuration);
  const presetId = useTraining(({ setup }) => setup.presetId);
  const engine = useApp((state) => state.engine);
  const { training } = useServices();
  useEffect(() => {
    const timer = setTimeout(() => void training.plan(), 150);
    return () => clearTimeout(timer);
  }, [training, configuration, presetId, engine]);
}

function OpenRunFile(): ReactNode {
  const { training } = useServices();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        accept=".zip"
        hidden
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = '';
          void training.importRuns(files);
        }}
      />
      <IconButton
        icon={FolderOpen}
        label="Open a run’s file"
        withText
        onClick={() => input.current?.click()}
      />
    </>
  );
}

/** By the names that the numbers have in a configuration. */
const labels: Readonly<Record<string, string>> = fieldLabels;

/** The setup before a run: the photographs, the network and the hyper-parameters. */
export function SetupPanel({ onAdd }: { readonly onAdd: () => void }) {
  const { training } = useServices();
  const obstacle = useObstacle();
  usePlan();
  return (
    <div className="setup">
      <div className="setup-what">
        <ExperimentSection />
        <KeptRuns fileButton={<OpenRunFile />} />
        <PhotographPicker onAdd={onAdd} />
        <PresetPicker />
      </div>
      <section className="setup-numbers" aria-labelledby="numbers-title">
        <div className="setup-head">
          <h3 id="numbers-title">3. Numbers</h3>
          <span className="training-note">
            beside a number: the official script’s default, where it has one
          </span>
        </div>
        <HyperFields />
      </section>
      <div className="setup-start">
        <IconButton
          icon={Play}
          label="Start training"
          withText
          className="icon-button-primary"
          disabled={obstacle !== null}
          aria-describedby="start-note"
          onClick={() => void training.start()}
        />
        <p id="start-note">
          {obstacle === null ? <Memory /> : <span className="setup-obstacle">{obstacle}</span>}
        </p>
        <TransferLine />
      </div>
    </div>
  );
}
