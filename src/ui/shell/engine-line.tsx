import { ChevronDown, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { embeddedModelId } from '../../core/embedded-model.ts';
import { useApp, useServices } from '../services.tsx';
import type { ModelSwitch } from '../state/model-in-use.ts';
import { backendTitles, describeStart, describeSwitch } from '../words.ts';
import { IconButton } from '../kit/icon-button.tsx';

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

/** Progress of loading another model, below the one still in use. */
function SwitchProgress({ modelSwitch }: { readonly modelSwitch: ModelSwitch }) {
  const { session } = useServices();
  const { progress } = modelSwitch;
  const bytes = progress?.stage === 'download' && progress.totalBytes > 0 ? progress : null;
  return (
    <div className="engine-line-switch" data-switching>
      <span id="switch-progress-label">{describeSwitch(modelSwitch)}</span>
      <progress
        aria-labelledby="switch-progress-label"
        {...(bytes ? { value: bytes.loadedBytes, max: bytes.totalBytes } : {})}
      />
      <IconButton
        icon={X}
        label={`Stay with the model in use, do not load ${modelSwitch.title}`}
        onClick={() => session.cancelModelSwitch()}
      />
    </div>
  );
}

/** The model and its back end, or the progress of the engine's start. */
export function EngineLine() {
  const engine = useApp((state) => state.engine);
  const { used, next: modelSwitch } = useApp((state) => state.models);
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
            <SwitchProgress modelSwitch={modelSwitch} />
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
