import { Cpu, FolderOpen, ImagePlus, Images, Pin, Play, TriangleAlert } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { formatBytes } from '../../core/bytes.ts';
import { describeFailure } from '../../core/failure.ts';
import { findProblems } from '../../core/hyper-parameters.ts';
import { presetOf, trainingPresets } from '../../core/training-presets.ts';
import { Thumbnail } from '../shell/film-strip.tsx';
import { IconButton } from '../kit/icon-button.tsx';
import { useApp, useServices, useTraining } from '../services.tsx';
import { embeddedChoice, isSameChoice } from '../state/model-choice.ts';
import type { PhotoId } from '../state/photo.ts';
import { countOf } from '../kit/format.ts';
import { canBeLearned, chosenPhotographs } from './chosen-photographs.ts';
import { HyperFields } from './hyper-fields.tsx';
import { fieldLabels } from './hyper-parameter-words.ts';
import { KeptRuns } from './run-list.tsx';
import { TransferLine } from './transfer-line.tsx';

function PickedPhotograph({ id, isPinned }: { readonly id: PhotoId; readonly isPinned: boolean }) {
  const photo = useApp((state) => state.photos[id]);
  const isIn = useTraining(({ setup }) => !setup.leftOut.has(id));
  const { training } = useServices();
  if (!photo) return null;
  const usable = canBeLearned(photo);
  return (
    <li className="pick" data-in={isIn && usable} data-pinned={isPinned}>
      <label className="pick-label" title={usable ? photo.name : `${photo.name} cannot be read`}>
        <input
          type="checkbox"
          className="covering-input"
          checked={isIn && usable}
          disabled={!usable}
          aria-label={photo.name}
          onChange={(event) => training.include(id, event.currentTarget.checked)}
        />
        <span className="pick-window">
          <Thumbnail id={id} />
        </span>
        <span className="pick-check" aria-hidden="true" />
      </label>
      <button
        type="button"
        className="pick-pin"
        aria-pressed={isPinned}
        aria-label={`Pin ${photo.name}: follow its attention`}
        title="Pin: follow its attention while the run goes on"
        disabled={!isIn || !usable}
        onClick={() => training.pin(id)}
      >
        <Pin aria-hidden="true" />
      </button>
    </li>
  );
}

function PhotographPicker({ onAdd }: { readonly onAdd: () => void }) {
  const order = useApp((state) => state.order);
  const photos = useApp((state) => state.photos);
  const setup = useTraining((state) => state.setup);
  const setDialog = useApp((state) => state.setDialog);
  const { photographs, pinned } = chosenPhotographs({ order, photos }, setup);
  const pinnedId = photographs[pinned]?.id ?? null;
  return (
    <section className="setup-photographs" aria-labelledby="pick-title">
      <div className="setup-head">
        <h3 id="pick-title">1 Photographs</h3>
        <span className="setup-note">
          {order.length === 0 ? '' : `${photographs.length} of ${countOf(order.length, 'photograph')}`}
        </span>
        <IconButton icon={ImagePlus} label="Add" withText onClick={onAdd} />
        <IconButton icon={Images} label="Samples" withText onClick={() => setDialog('samples')} />
      </div>
      {order.length === 0 ? (
        <p className="setup-empty">Drop a dozen photographs anywhere on the page, or take samples.</p>
      ) : (
        <fieldset className="picks">
          <legend className="visually-hidden">Photographs to learn from</legend>
          <ol>
            {order.map((id) => (
              <PickedPhotograph key={id} id={id} isPinned={id === pinnedId} />
            ))}
          </ol>
        </fieldset>
      )}
      <p className="setup-note">
        The pinned photograph’s attention is followed step by step. Photographs stay on this machine; shrunken
        copies are kept in this browser with the run, until you delete it.
      </p>
    </section>
  );
}

function PresetPicker() {
  const presetId = useTraining(({ setup }) => setup.presetId);
  const model = useApp((state) => state.models.used?.description ?? null);
  const setDialog = useApp((state) => state.setDialog);
  const { training } = useServices();
  const name = useId();
  const { scratch, needsCheckpoint = false } = presetOf(presetId);
  const isEmbedded = useApp(({ models }) => isSameChoice(models.used?.choice ?? null, embeddedChoice));
  return (
    <section aria-labelledby="preset-title">
      <div className="setup-head">
        <h3 id="preset-title">2 What to train</h3>
      </div>
      <fieldset className="presets">
        <legend className="visually-hidden">Preset</legend>
        {trainingPresets.map(({ id, title, description }) => (
          <label key={id} className="preset">
            <input
              type="radio"
              className="covering-input"
              name={name}
              checked={id === presetId}
              aria-label={title}
              aria-describedby={`${name}-${id}`}
              onChange={() => training.choosePreset(id)}
            />
            <span className="preset-title">{title}</span>
            <span className="preset-text" id={`${name}-${id}`}>
              {description}
            </span>
          </label>
        ))}
      </fieldset>
      {scratch === null && (
        <p className="setup-model">
          <Cpu aria-hidden="true" />
          <span>
            Adapts the model in use: <strong>{model?.title ?? 'none yet'}</strong>
          </span>
          <IconButton icon={FolderOpen} label="Another model" withText onClick={() => setDialog('models')} />
        </p>
      )}
      {scratch === null && model !== null && needsCheckpoint === isEmbedded && (
        <p className="setup-note setup-mismatch">
          <TriangleAlert aria-hidden="true" />
          <span>
            {needsCheckpoint
              ? 'This preset was made for a ViT-S/16, and the embedded model is in use: its numbers are too large for it. Press Another model, and download DINO ViT-S/16 or open its checkpoint; or take Adapt the embedded model.'
              : 'This preset was made for the embedded model, and another one is in use: its small crops suit few others. Press Another model to go back, or take Adapt ViT-S/16.'}
          </span>
        </p>
      )}
    </section>
  );
}

/** Why the run cannot start; null where it can. */
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
    return problem.name in fieldLabels
      ? `${fieldLabels[problem.name as keyof typeof fieldLabels]}: this value cannot be.`
      : problem.sentence;
  const { saveEvery, mapsEvery } = setup.rhythm;
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

/** Plans again a moment after the last change. */
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

/** Before a run: with which photographs, on which network, by which numbers. */
export function SetupPanel({ onAdd }: { readonly onAdd: () => void }) {
  const { training } = useServices();
  const obstacle = useObstacle();
  usePlan();
  return (
    <div className="setup">
      <div className="setup-what">
        <KeptRuns fileButton={<OpenRunFile />} />
        <PhotographPicker onAdd={onAdd} />
        <PresetPicker />
      </div>
      <section className="setup-numbers" aria-labelledby="numbers-title">
        <div className="setup-head">
          <h3 id="numbers-title">3 Numbers</h3>
          <span className="setup-note">beside each: the official script’s default</span>
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
