import { type ReactNode, useEffect, useRef } from 'react';
import { describeFailure } from '../../core/failure.ts';
import { CircleSlash, RotateCw, TriangleAlert, X } from 'lucide-react';
import { pictureSideFor } from '../engine/pictures.ts';
import { useDeviceSize } from '../kit/use-canvas-layer.ts';
import { useApp, useServices } from '../services.tsx';
import { type Photo, runFraction, visibleOutcome } from '../state/photo.ts';
import { isPatch, markedPatch, type Query, shownQuery } from '../state/query.ts';
import type { View } from '../state/settings.ts';
import { shownView } from '../state/shown-view.ts';
import { describeRun, queryTitle, viewTitle } from '../words.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { PatchPicker } from './patch-picker.tsx';
import { PhotoCanvas } from './photo-canvas.tsx';
import './stage.css';

/** What a person who does not see the picture is told about it. */
function describePicture(photo: Photo, query: Query, view: View): string {
  const subject = photo.alt ?? photo.name;
  const outcome = visibleOutcome(photo.state);
  if (!outcome) return subject;
  const from = query === 0 ? '' : `, from ${isPatch(query) ? 'the ' : ''}${queryTitle(query).toLowerCase()},`;
  return `${subject} Attention of ${viewTitle(view).toLowerCase()}${from} is drawn over it.`;
}

/** The pass that runs again before a patch can be answered: too many others have run since. */
function AskingState({ photo: { id, asked } }: { readonly photo: Photo }) {
  const askPatch = useApp((state) => state.askPatch);
  if (asked === null || asked.progress === null) return null;
  return (
    <div className="stage-state">
      <p id="run-label">{describeRun(asked.progress)}</p>
      <progress aria-labelledby="run-label" value={runFraction(asked.progress)} />
      <IconButton icon={X} label="Cancel" withText onClick={() => askPatch(id, null)} />
    </div>
  );
}

/** What happens to the photograph now, as a line on the stage; nothing once it is done. */
function StageState({ photo }: { readonly photo: Photo }) {
  const { session } = useServices();
  const engineStatus = useApp((state) => state.engine.status);
  const { id, state } = photo;
  switch (state.status) {
    case 'done':
      return <AskingState photo={photo} />;
    case 'queued':
      return (
        <div className="stage-state">
          <p>{engineStatus === 'ready' ? 'Waits for its turn' : 'Waits for the engine'}</p>
          <IconButton icon={X} label="Cancel" withText onClick={() => session.cancel(id)} />
        </div>
      );
    case 'running':
      return (
        <div className="stage-state">
          <p id="run-label">{describeRun(state.progress)}</p>
          <progress aria-labelledby="run-label" value={runFraction(state.progress)} />
          <IconButton icon={X} label="Cancel" withText onClick={() => session.cancel(id)} />
        </div>
      );
    case 'cancelled':
      return (
        <div className="stage-state">
          <CircleSlash aria-hidden="true" />
          <p>Cancelled</p>
          <IconButton icon={RotateCw} label="Run" withText onClick={() => session.retry(id)} />
        </div>
      );
    case 'failed':
      return (
        <div className="stage-state stage-state-failed">
          <TriangleAlert aria-hidden="true" />
          <p>{describeFailure(state.failure)}</p>
          <IconButton icon={RotateCw} label="Try again" withText onClick={() => session.retry(id)} />
          <IconButton icon={X} label="Remove" withText onClick={() => session.remove(id)} />
        </div>
      );
  }
}

interface StageProps {
  readonly photo: Photo;
  readonly bitmap: ImageBitmap | null;
  readonly aspect: number;
  /** Told which picture the stage needs, see `Pictures.load`. */
  readonly onNeedsSide: (sidePx: number) => void;
  readonly children: ReactNode;
}

/** The photograph, large. */
export function Stage({ photo, bitmap, aspect, onNeedsSide, children }: StageProps) {
  const view = useApp(shownView);
  const query = useApp((state) => shownQuery(photo, state.token));
  const area = useRef<HTMLDivElement>(null);
  const size = useDeviceSize(area);
  const needed = size ? pictureSideFor(Math.max(1024, size.width, size.height)) : null;
  useEffect(() => {
    if (needed !== null) onNeedsSide(needed);
  }, [needed, onNeedsSide]);
  const outcome = visibleOutcome(photo.state);
  const isBlank = bitmap === null && outcome === null;
  return (
    <section
      className="stage"
      aria-label="Photograph"
      data-status={photo.state.status}
      data-busy={photo.state.status === 'running'}
    >
      <div className="stage-area" id="content" tabIndex={-1} ref={area} style={{ '--aspect': aspect }}>
        {!isBlank && (
          <div className="stage-picture">
            <PhotoCanvas
              key={photo.id}
              bitmap={bitmap}
              outcome={outcome}
              view={view}
              query={query}
              marked={markedPatch(photo)}
              detail="stage"
              label={describePicture(photo, query, view)}
            />
            {outcome !== null && <PatchPicker photo={photo} result={outcome.result} />}
          </div>
        )}
        <StageState photo={photo} />
      </div>
      {children}
    </section>
  );
}
