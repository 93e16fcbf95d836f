import { embeddedModelId } from '../../core/embedded-model.ts';
import { useApp } from '../services.tsx';
import { backendTitles, describeStart } from '../words.ts';

/** The model and where it runs, or how far its start is. */
export function EngineLine() {
  const engine = useApp((state) => state.engine);
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
          <span className="engine-line-text">
            <strong>{engine.model.title}</strong>
            <span className="engine-line-backend" title={engine.backend.device}>
              {backendTitles[engine.backend.name]}
            </span>
          </span>
          {engine.model.id === embeddedModelId && (
            <span className="engine-line-note">
              a small demonstration model, not one of the published networks
            </span>
          )}
        </div>
      );
    case 'failed':
      return (
        <div className="engine-line" data-engine-status="failed">
          <span className="engine-line-text">The engine does not run</span>
        </div>
      );
  }
}
