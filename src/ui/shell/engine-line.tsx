import { ChevronDown } from 'lucide-react';
import type { ReactNode } from 'react';
import { embeddedModelId } from '../../core/embedded-model.ts';
import { useApp } from '../services.tsx';
import { backendTitles, describeStart } from '../words.ts';
import { SwitchProgress } from './switch-progress.tsx';

/** Opens the list of models. */
function ModelButton({ children }: { readonly children: ReactNode }) {
  const setDialog = useApp((state) => state.setDialog);
  return (
    <button
      type="button"
      className="engine-line-text engine-line-button"
      aria-haspopup="dialog"
      title="Choose another model (M)"
      onClick={() => setDialog('models')}
    >
      {children}
      <ChevronDown aria-hidden="true" />
    </button>
  );
}

/** The model and its back end, or the progress of the engine's start. */
export function EngineLine() {
  const engine = useApp((state) => state.engine);
  const { used, next } = useApp((state) => state.models);
  // A model that is loaded for a comparison shows its progress where it was chosen.
  const modelSwitch = next?.purpose === 'use' ? next : null;
  switch (engine.status) {
    case 'starting': {
      const { progress } = engine;
      const isDownload = progress?.stage === 'download' && progress.totalBytes > 0;
      return (
        <div className="engine-line" data-engine-status="starting">
          <span className="engine-line-text" id="engine-progress-label">
            {describeStart(progress)}
          </span>
          <progress
            aria-labelledby="engine-progress-label"
            className="engine-line-progress"
            {...(isDownload ? { value: progress.loadedBytes, max: progress.totalBytes } : {})}
          />
        </div>
      );
    }
    case 'ready':
      return (
        <div className="engine-line" data-engine-status="ready" data-backend={engine.backend.name}>
          <ModelButton>
            <strong>{used?.description.title}</strong>
            <span className="engine-line-backend" title={engine.backend.device}>
              {backendTitles[engine.backend.name]}
            </span>
          </ModelButton>
          {modelSwitch === null ? (
            used?.description.id === embeddedModelId && (
              <span className="engine-line-note">
                a small demonstration model, not one of the published networks
              </span>
            )
          ) : (
            <SwitchProgress
              modelSwitch={modelSwitch}
              cancel={`Stay with the model in use, do not load ${modelSwitch.title}`}
            />
          )}
        </div>
      );
    case 'failed':
      return (
        <div className="engine-line" data-engine-status="failed">
          <ModelButton>The engine does not run</ModelButton>
        </div>
      );
  }
}
