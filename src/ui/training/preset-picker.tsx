import { Cpu, FolderOpen, TriangleAlert } from 'lucide-react';
import { useId } from 'react';
import { presetOf, trainingPresets } from '../../core/training-presets.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { useApp, useServices, useTraining } from '../services.tsx';
import { embeddedChoice, isSameChoice } from '../state/model-choice.ts';
import './preset-picker.css';

/** The choice of what to train: a preset, and the model that it starts from. */
export function PresetPicker() {
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
        <h3 id="preset-title">2. What to train</h3>
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
        <p className="preset-model">
          <Cpu aria-hidden="true" />
          <span>
            Adapts the model in use: <strong>{model?.title ?? 'none yet'}</strong>
          </span>
          <IconButton icon={FolderOpen} label="Another model" withText onClick={() => setDialog('models')} />
        </p>
      )}
      {scratch === null && model !== null && needsCheckpoint === isEmbedded && (
        <p className="training-note preset-mismatch">
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
