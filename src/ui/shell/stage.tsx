import { type ReactNode, useEffect, useMemo, useRef } from 'react';
import type { Frame } from '../../core/frame.ts';
import { describeFailure, failsAlways } from '../../core/failure.ts';
import { CircleSlash, RotateCw, TriangleAlert, X } from 'lucide-react';
import { pictureSideFor } from '../engine/pictures.ts';
import { useDeviceSize } from '../kit/use-canvas-layer.ts';
import { useApp, useServices } from '../services.tsx';
import { savedPairSize, type Beside } from '../../render/pair.ts';
import type { LensSheet } from '../../lenses/lens-view.ts';
import { viewOf } from '../../lenses/views.ts';
import { allAreShown, secondOf, sides, type Outcome } from '../state/looks.ts';
import { lookFraction, type Photo } from '../state/photo.ts';
import { describeLook } from '../words.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { CompareStage } from './compare-stage.tsx';
import { useComparison } from './comparison.ts';
import { PatchPicker } from './patch-picker.tsx';
import { PhotoGrid } from './photo-grid.tsx';
import { SheetCanvas } from '../kit/sheet-canvas.tsx';
import { StagePair } from './stage-pair.tsx';
import { LayeredCanvas } from '../kit/layered-canvas.tsx';
import {
  asksSeveral,
  describePicture,
  frameOf,
  markedPatch,
  queryOf,
  stageLayers,
  useOutcome,
  useOutlined,
  useScene,
  useStableLayers,
  type AnyScene,
} from './use-scene.ts';
import { allKey, pairKey, sheetKey } from '../state/zoom.ts';
import { useView } from './use-view.ts';
import { ZoomArea } from './zoom-area.tsx';
import { ZoomControls } from './zoom-controls.tsx';
import './stage.css';

/** Of both photographs as a saved picture has them, for pages where the stage takes its height from it. */
function pairAspect({ photoSizePx }: Frame, beside: Beside): number {
  const { width, height } = savedPairSize(photoSizePx, beside.frame.photoSizePx, Infinity);
  return width / height;
}

/** The state of a look that was requested and has no result yet. */
function AskingState({ photo: { id } }: { readonly photo: Photo }) {
  const { session } = useServices();
  const asking = useApp((state) => state.asking);
  const against = useApp((state) => state.against);
  const here = sides.flatMap((side) => {
    const known = asking[side];
    return known?.look.photo === id ? [{ ...known, side }] : [];
  });
  const running = here.find(({ status }) => status === 'running');
  if (running?.status === 'running') {
    // Without a pass the result comes too soon for a progress line.
    if (running.progress === null) return null;
    return (
      <div className="stage-state">
        <p id="run-label">{describeLook(running.progress)}</p>
        <progress aria-labelledby="run-label" value={lookFraction(running.progress)} />
        <IconButton icon={X} label="Cancel" withText onClick={() => session.cancel(id)} />
      </div>
    );
  }
  const failed = here.flatMap((each) => (each.status === 'failed' ? [each] : []));
  if (failed.length === 0) return null;
  return (
    <div className="stage-state stage-state-failed">
      <TriangleAlert aria-hidden="true" />
      {failed.map(({ side, look, failure }) => (
        <p key={side}>
          {side === 'against' && `${against?.model?.description.title ?? viewOf(look.lens).contract.title}: `}
          {describeFailure(failure)}
        </p>
      ))}
      <IconButton icon={RotateCw} label="Try again" withText onClick={() => session.retryRequest()} />
    </div>
  );
}

/** The photograph's state as a line on the stage; nothing once it is done. */
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
          <p id="run-label">{describeLook(state.progress)}</p>
          <progress aria-labelledby="run-label" value={lookFraction(state.progress)} />
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
          {!failsAlways(state.failure) && (
            <IconButton icon={RotateCw} label="Try again" withText onClick={() => session.retry(id)} />
          )}
          <IconButton icon={X} label="Remove" withText onClick={() => session.remove(id)} />
        </div>
      );
  }
}

interface StageProps {
  readonly photo: Photo;
  readonly bitmap: ImageBitmap | null;
  readonly aspect: number;
  /** Called with the side of the picture that the stage needs, see `Pictures.load`. */
  readonly onNeedsSide: (sidePx: number) => void;
  readonly children: ReactNode;
}

interface OnePictureProps extends Pick<StageProps, 'photo' | 'bitmap' | 'aspect'> {
  readonly outcome: Outcome | null;
  readonly scene: AnyScene | null;
  readonly beside: Beside | null;
  readonly sheet: LensSheet<object> | null;
  /** What `usePicture` takes. */
  readonly sidePx: number | null;
}

/** One photograph, two beside each other, or the many small pictures of a lens. */
function OnePicture({ photo, bitmap, aspect, outcome, scene, beside, sheet, sidePx }: OnePictureProps) {
  const changeDrawing = useApp((state) => state.changeDrawing);
  const view = useView(photo.id);
  const pairView = useView(pairKey(photo.id));
  const sheetView = useView(sheetKey(photo.id));
  const marked = markedPatch(photo, outcome);
  const drawn = useStableLayers(
    outcome === null || scene === null ? [] : stageLayers(scene, outcome, marked),
  );
  const layers = useOutlined(photo, outcome, drawn);
  const second = useApp((state) => (outcome === null ? null : secondOf(state, outcome)));
  const label = describePicture(photo, outcome, scene, second);
  if (beside !== null && outcome !== null)
    return (
      <ZoomArea of={pairKey(photo.id)} draws={false} className="stage-sheet">
        <StagePair
          bitmap={bitmap}
          outcome={outcome}
          layers={layers}
          beside={beside}
          sidePx={sidePx}
          label={label}
          view={pairView}
        />
      </ZoomArea>
    );
  if (sheet !== null)
    return (
      <ZoomArea of={sheetKey(photo.id)} draws={false} className="stage-sheet">
        <SheetCanvas
          bitmap={bitmap}
          sheet={sheet}
          aspect={aspect}
          label={label}
          view={sheetView}
          onChoose={(row, column) => changeDrawing(sheet.changes[row]?.[column] ?? {})}
        />
      </ZoomArea>
    );
  return (
    <ZoomArea of={photo.id} draws={outcome !== null && asksSeveral(outcome)}>
      <LayeredCanvas bitmap={bitmap} layers={layers} detail="stage" label={label} view={view} />
      {outcome !== null && queryOf(outcome) !== null && (
        <PatchPicker
          photo={photo}
          frame={frameOf(outcome)}
          marked={marked}
          asksSeveral={asksSeveral(outcome)}
        />
      )}
    </ZoomArea>
  );
}

/** The large picture of the selected photograph. */
export function Stage({ photo, bitmap, aspect, onNeedsSide, children }: StageProps) {
  const outcome = useOutcome(photo);
  const scene = useScene(outcome);
  const area = useRef<HTMLDivElement>(null);
  const size = useDeviceSize(area);
  const beside = useMemo(
    () => (outcome === null || scene === null ? null : (viewOf(outcome.look.lens).beside?.(scene) ?? null)),
    [outcome, scene],
  );
  const sheet = useMemo(
    () => (outcome === null || scene === null ? null : (viewOf(outcome.look.lens).sheet?.(scene) ?? null)),
    [outcome, scene],
  );
  const comparison = useComparison(photo);
  const showsAll = useApp(allAreShown);
  // As `zoomKeyOf`, of what has been worked out here.
  const zoomKey = showsAll
    ? allKey
    : beside !== null
      ? pairKey(photo.id)
      : sheet !== null
        ? sheetKey(photo.id)
        : photo.id;
  const { scale } = useView(zoomKey);
  const needed = size ? pictureSideFor(Math.max(1024, scale * Math.max(size.width, size.height))) : null;
  useEffect(() => {
    if (needed !== null) onNeedsSide(needed);
  }, [needed, onNeedsSide]);
  const shownAspect = beside === null || outcome === null ? aspect : pairAspect(frameOf(outcome), beside);
  const isBlank = bitmap === null && outcome === null;
  return (
    <section
      className="stage"
      aria-label="Photograph"
      data-status={photo.state.status}
      data-busy={photo.state.status === 'running'}
    >
      <div className="stage-area" id="content" tabIndex={-1} ref={area} style={{ '--aspect': shownAspect }}>
        {showsAll ? (
          <PhotoGrid />
        ) : comparison !== null ? (
          <CompareStage key={photo.id} photo={photo} bitmap={bitmap} comparison={comparison} />
        ) : isBlank ? null : (
          <OnePicture
            key={photo.id}
            photo={photo}
            bitmap={bitmap}
            aspect={aspect}
            outcome={outcome}
            scene={scene}
            beside={beside}
            sheet={sheet}
            sidePx={needed}
          />
        )}
        <ZoomControls of={zoomKey} />
        <StageState photo={photo} />
      </div>
      {children}
    </section>
  );
}
