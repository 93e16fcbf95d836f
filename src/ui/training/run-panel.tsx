import {
  Columns2,
  Download,
  Eye,
  History,
  Pause,
  Play,
  Presentation,
  RotateCcw,
  Save,
  Trash2,
  X,
} from 'lucide-react';
import { formatBytes } from '../../core/bytes.ts';
import { describeFailure } from '../../core/failure.ts';
import { describeKernelCheck } from '../../core/describe-kernel-check.ts';
import { scratchTitle } from '../../core/training.ts';
import { describeVerdict } from '../../core/training-verdict.ts';
import { type Fact, FactList } from '../kit/fact-list.tsx';
import { IconButton } from '../kit/icon-button.tsx';
import { SwitchField } from '../kit/switch-field.tsx';
import { WarningMark } from '../kit/warning-mark.tsx';
import { useApp, useServices } from '../services.tsx';
import { formatMilliseconds } from '../kit/format.ts';
import { CropsPanel } from './crops-panel.tsx';
import { Curves } from './curves.tsx';
import { PinnedPanel } from './pinned-panel.tsx';
import { isAtRest, type RunView, stepOf, verdictContextOf, verdictOf } from './training-state.ts';
import { withUnit } from '../../core/with-unit.ts';
import './run-panel.css';

/** Number of last steps from which the remaining time is estimated. */
const paceWindow = 20;

function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 100) return withUnit(seconds, 's');
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? withUnit(minutes, 'min') : withUnit((minutes / 60).toFixed(1), 'h');
}

function describeState({ state, isSaving, saved, configuration }: RunView): string {
  switch (state.status) {
    case 'preparing': {
      const { progress } = state;
      if (progress?.stage === 'photographs')
        return `Reading photograph ${progress.done + 1} of ${progress.total}`;
      if (progress?.stage === 'check') return 'Checking the numbers';
      return progress?.stage === 'model' ? 'Reading the model' : 'Starting';
    }
    case 'running':
      return isSaving ? 'Saving' : 'Training';
    case 'pausing':
      return isSaving ? 'Saving' : 'Pausing after this step';
    case 'paused':
      return `Paused at step ${saved?.step ?? 0}`;
    case 'unsaved':
      return 'Not saved';
    case 'finished':
      return `Finished after ${configuration.steps} steps`;
    case 'failed':
      return 'Stopped';
  }
}

function Facts({ run }: { readonly run: RunView }) {
  const { reports, configuration, memoryBytes, saved } = run;
  const { last } = reports;
  const step = stepOf(run);
  const pace = reports.tail(paceWindow);
  const stepMs = pace.reduce((sum, report) => sum + report.stepMs, 0) / Math.max(1, pace.length);
  const facts: readonly Fact[] = [
    ['Step', `${step} of ${configuration.steps}`],
    ['A step takes', last === undefined ? '–' : formatMilliseconds(stepMs)],
    [
      'Time left',
      last === undefined || isAtRest(run) ? '–' : formatDuration(stepMs * (configuration.steps - step)),
    ],
    [
      'Memory',
      memoryBytes === null ? '–' : formatBytes(memoryBytes),
      'All tensors, counted after the last step',
    ],
    ['Saved', saved === null ? '–' : `step ${saved.step}`],
  ];
  return <FactList facts={facts} className="run-facts" />;
}

/** A run that adapted a model begins again with that model, so it must be in use. */
function StartAgain({ run }: { readonly run: RunView }) {
  const { training } = useServices();
  const isReady = useApp((state) => state.engine.status === 'ready');
  const used = useApp((state) => state.models.used?.description.title ?? null);
  const { modelTitle, isFromSetup } = run;
  const isThere = isFromSetup || modelTitle === scratchTitle || modelTitle === used;
  return (
    <IconButton
      icon={RotateCcw}
      label="Start again"
      withText
      title={isThere ? undefined : `It began with ${modelTitle}: use that model first`}
      disabled={!isThere || run.state.status === 'pausing' || !isReady}
      onClick={() => training.startAgain()}
    />
  );
}

function Controls({ run }: { readonly run: RunView }) {
  const { training } = useServices();
  const isReady = useApp((state) => state.engine.status === 'ready');
  const setPresenting = useApp((app) => app.setPresenting);
  const { state, saved, configuration, reports } = run;
  const isUnsaved = state.status === 'unsaved';
  const isPreparing = state.status === 'preparing';
  const canGoOn = isAtRest(run) && saved !== null && saved.step < configuration.steps;
  return (
    <div className="run-controls">
      {(!isAtRest(run) || canGoOn) && (
        // One button whose action changes, so that it keeps the focus. A disabled button would lose it.
        <IconButton
          icon={isUnsaved ? Save : canGoOn ? Play : Pause}
          label={isUnsaved ? 'Save again' : canGoOn ? 'Resume' : 'Pause'}
          withText
          className="icon-button-primary"
          aria-disabled={state.status === 'pausing' || (canGoOn && !isReady)}
          onClick={() => {
            if (state.status === 'pausing') return;
            if (!canGoOn) training.pause();
            else if (isReady) void training.resume(saved);
          }}
        />
      )}
      {!isUnsaved && !isPreparing && <StartAgain run={run} />}
      {(isUnsaved || isPreparing || isAtRest(run)) && (
        <IconButton
          icon={isUnsaved ? Trash2 : X}
          label={isUnsaved ? 'Discard' : isPreparing ? 'Cancel' : 'Close this run'}
          withText
          onClick={() => {
            if (isUnsaved) training.discard();
            else if (isPreparing) training.cancel();
            else training.close();
          }}
        />
      )}
      {reports.length > 0 && (
        <IconButton icon={Presentation} label="Present the curves (F)" onClick={() => setPresenting(true)} />
      )}
    </div>
  );
}

function Verdict({ run }: { readonly run: RunView }) {
  const verdict = verdictOf(run);
  return (
    <p className="verdict" data-verdict={verdict?.kind}>
      {verdict !== null && describeVerdict(verdict, verdictContextOf(run))}
    </p>
  );
}

/** Act on the run while it goes on. */
export function RunSwitches({ run }: { readonly run: RunView }) {
  const { training } = useServices();
  return (
    <fieldset className="run-switches" disabled={isAtRest(run) || run.state.status === 'pausing'}>
      <legend className="visually-hidden">Act on the run that goes on</legend>
      <SwitchField
        label="Centring"
        inLine
        checked={run.wanted.centring}
        onChange={(centring) => training.setSwitches({ centring })}
      />
      <SwitchField
        label="Sharpening"
        inLine
        checked={run.wanted.sharpening}
        onChange={(sharpening) => training.setSwitches({ sharpening })}
      />
    </fieldset>
  );
}

const exports = [
  ['teacher', 'Teacher'],
  ['student', 'Student'],
  ['run', 'Whole run'],
  ['log', 'Numbers'],
] as const;

function ExportButtons({ run }: { readonly run: RunView }) {
  const { training } = useServices();
  const { saved } = run;
  if (saved === null) return null;
  return (
    <section className="take-away" aria-labelledby="take-title">
      <h3 id="take-title">Take it with you</h3>
      <div className="take-buttons">
        <IconButton icon={Eye} label="Use in the viewer" withText onClick={() => void training.use(saved)} />
        <IconButton
          icon={Columns2}
          label="Teacher beside student"
          withText
          onClick={() => void training.compareTeacherAndStudent(saved)}
        />
        <IconButton
          icon={History}
          label="Before and after"
          withText
          title="What the run began with, and its teacher now"
          onClick={() => void training.compareWithStart(saved)}
        />
        {exports.map(([what, label]) => (
          <IconButton
            key={what}
            icon={Download}
            label={label}
            withText
            onClick={() => void training.save(saved, what)}
          />
        ))}
      </div>
      <p className="training-note">
        Teacher and student are safetensors by the official names: open one in this page, or load it in
        Python. The whole run has everything to go on elsewhere, the shrunken photographs too. Numbers are
        JSON lines.
      </p>
    </section>
  );
}

/** What went wrong, and its consequences for the run. */
function Alerts({ run }: { readonly run: RunView }) {
  const { state, unsaved, isKept, kernelCheck } = run;
  const slowness = kernelCheck === null ? null : describeKernelCheck(kernelCheck);
  return (
    <div className="run-alerts">
      {state.status === 'failed' && (
        <p className="run-failure">
          <WarningMark />
          {describeFailure(state.failure)}
          {run.saved !== null && ` The run is kept up to step ${run.saved.step}.`}
        </p>
      )}
      {unsaved !== null && (
        <p className="run-failure">
          <WarningMark />
          The last save failed. {describeFailure(unsaved)}{' '}
          {state.status === 'unsaved'
            ? 'What was learned since is in memory alone: make room and save again, or take it with you below.'
            : 'The run goes on.'}
        </p>
      )}
      {slowness !== null && (
        <p className="run-failure">
          <WarningMark />
          {slowness}
        </p>
      )}
      {!isKept && (
        <p className="run-failure">
          <WarningMark />
          This window keeps no files, so the run is gone when the page is closed. Save what you need below.
        </p>
      )}
    </div>
  );
}

/** A run that is training or at rest. */
export function RunPanel({ run }: { readonly run: RunView }) {
  const { state, configuration, title, modelTitle } = run;
  const step = stepOf(run);
  return (
    <div className="run" data-run-status={state.status} data-step={step}>
      <header className="run-head">
        <div className="run-name">
          <h2>{title}</h2>
          {modelTitle !== null && !title.endsWith(modelTitle) && (
            <span className="training-note">{modelTitle}</span>
          )}
        </div>
        <div className="run-progress">
          <span id="run-state">{describeState(run)}</span>
          <progress
            aria-labelledby="run-state"
            {...(state.status === 'preparing' ? {} : { value: step, max: configuration.steps })}
          />
        </div>
        <Controls run={run} />
      </header>
      <Alerts run={run} />
      <Facts run={run} />
      <div className="run-word">
        <Verdict run={run} />
        <RunSwitches run={run} />
      </div>
      <Curves run={run} />
      <PinnedPanel run={run} />
      <CropsPanel run={run} />
      <ExportButtons run={run} />
    </div>
  );
}
