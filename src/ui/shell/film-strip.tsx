import { CircleSlash, Hourglass, Trash2, TriangleAlert, X } from 'lucide-react';
import { memo, type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import { type DeviceSize, useCanvasLayer, useDeviceSize } from '../kit/use-canvas-layer.ts';
import { thumbnailSidePx } from '../engine/pictures.ts';
import { isNoPicture } from '../../core/failure.ts';
import { contractOf } from '../../lenses/contracts.ts';
import { viewOf } from '../../lenses/views.ts';
import type { Layer } from '../../render/layers.ts';
import { lineWidthFor, paintLayers, prepareLayers } from '../../render/paint-layers.ts';
import { useApp, useServices } from '../services.tsx';
import type { AppState } from '../state/app-store.ts';
import { isTogether, shownOutcome } from '../state/looks.ts';
import { isWaiting, type Photo, type PhotoId, lookFraction } from '../state/photo.ts';
import { countOf } from '../../core/count-of.ts';
import { describePhotoState } from '../words.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { removeAll } from './remove-all.ts';
import { usePicture } from './use-picture.ts';
import { useScene, useStableLayers } from './use-scene.ts';
import { useScrollIntoView } from '../kit/use-scroll-into-view.ts';
import './film-strip.css';

const noLayers: readonly Layer[] = [];

/** @returns what is drawn over the small photograph: its answer to a question about several photographs */
function useTogetherLayers(id: PhotoId): readonly Layer[] {
  const outcome = useApp((state) => {
    // Most lenses look at one photograph.
    const photo = contractOf(state.lens).looksAt === undefined ? undefined : state.photos[id];
    const shown = photo === undefined ? null : shownOutcome(state, photo);
    return shown !== null && isTogether(shown) ? shown : null;
  });
  const scene = useScene(outcome);
  return useStableLayers(
    outcome === null || scene === null ? noLayers : viewOf(outcome.look.lens).layers(scene),
  );
}

interface ThumbnailProps {
  readonly id: PhotoId;
  /** Drawn over the photograph. */
  readonly layers?: readonly Layer[];
}

/** A small photograph that fills its frame. It is decoded when it scrolls into view. */
export function Thumbnail({ id, layers = noLayers }: ThumbnailProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setSeen(true);
      },
      { rootMargin: '0px 400px' },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const bitmap = usePicture(id, seen ? thumbnailSidePx : null);
  const size = useDeviceSize(canvas);
  const paint = useCallback(
    (context: CanvasRenderingContext2D, { width, height }: DeviceSize) => {
      if (!bitmap || bitmap.width === 0) return;
      // Fills the frame and crops the rest.
      const scale = Math.max(width / bitmap.width, height / bitmap.height);
      const drawn = { width: bitmap.width * scale, height: bitmap.height * scale };
      context.save();
      context.translate((width - drawn.width) / 2, (height - drawn.height) / 2);
      context.imageSmoothingQuality = 'high';
      context.drawImage(bitmap, 0, 0, drawn.width, drawn.height);
      paintLayers(context, layers, {
        size: drawn,
        detail: 'tile',
        lineWidthPx: lineWidthFor(drawn, 'tile', devicePixelRatio),
      });
      context.restore();
    },
    [bitmap, layers],
  );
  const prepare = useCallback(() => prepareLayers(layers, 'tile'), [layers]);
  useCanvasLayer(canvas, size, 2, paint, prepare);
  return <canvas ref={canvas} className="frame-picture" aria-hidden="true" />;
}

function StateMark({ photo: { state } }: { readonly photo: Photo }) {
  switch (state.status) {
    case 'queued':
      return <Hourglass className="frame-mark" aria-hidden="true" />;
    case 'running':
      return (
        <span className="frame-progress" aria-hidden="true">
          <span style={{ '--fill': lookFraction(state.progress) }} />
        </span>
      );
    case 'failed':
      return <TriangleAlert className="frame-mark frame-mark-failed" aria-hidden="true" />;
    case 'cancelled':
      return <CircleSlash className="frame-mark" aria-hidden="true" />;
    case 'done':
      return null;
  }
}

interface FrameProps {
  readonly id: PhotoId;
  readonly number: number;
  /** True while a frame that had the focus is being removed; the next frame then takes the focus. */
  readonly passFocus: RefObject<boolean>;
}

const Frame = memo(function Frame({ id, number, passFocus }: FrameProps) {
  const photo = useApp((state) => state.photos[id]);
  const selected = useApp((state) => state.selectedId === id);
  const select = useApp((state) => state.select);
  const { session } = useServices();
  const layers = useTogetherLayers(id);
  const frame = useRef<HTMLLIElement>(null);
  useScrollIntoView(frame, selected);
  useEffect(() => {
    if (!selected) return;
    if (passFocus.current) frame.current?.querySelector('input')?.focus();
    passFocus.current = false;
  }, [selected, passFocus]);
  if (!photo) return null;
  const { name, state } = photo;
  const remove = (): void => {
    passFocus.current = selected;
    session.remove(id);
  };
  return (
    <li className="frame" data-status={state.status} ref={frame}>
      <label className="frame-label" title={`${name}: ${describePhotoState(photo)}`}>
        <input
          type="radio"
          name="photo"
          className="covering-input"
          checked={selected}
          aria-label={`${name}: ${describePhotoState(photo)}`}
          onChange={() => select(id)}
          onKeyDown={(event) => {
            if (event.key !== 'Delete' && event.key !== 'Backspace') return;
            // Else the page's own command would remove the next one too.
            event.preventDefault();
            remove();
          }}
        />
        <span className="frame-window">
          <Thumbnail id={id} layers={layers} />
          <StateMark photo={photo} />
        </span>
        <span className="frame-caption" aria-hidden="true">
          <span className="frame-number">{number}</span>
          <span className="frame-name">{name}</span>
        </span>
      </label>
      {/* The Tab key stops only at the selected frame, so that it does not take two hundred presses. */}
      <button
        type="button"
        className="frame-remove"
        aria-label={`Remove ${name}`}
        tabIndex={selected ? 0 : -1}
        onClick={remove}
      >
        <X aria-hidden="true" />
      </button>
    </li>
  );
});

const countPhotos = ({ order, photos }: AppState, isOne: (photo: Photo) => boolean): number =>
  order.reduce((count, id) => count + (photos[id] !== undefined && isOne(photos[id]) ? 1 : 0), 0);

const isOtherFile = ({ state }: Photo): boolean => state.status === 'failed' && isNoPicture(state.failure);

/** @param others files that are not pictures; they stay in the strip with the reason, but do not count as photographs */
function describeCount(photographs: number, others: number): string {
  const files = countOf(others, photographs === 0 ? 'file' : 'other file');
  if (photographs === 0) return files;
  return countOf(photographs, 'photograph') + (others === 0 ? '' : `, ${files}`);
}

/** The list of photographs, as small pictures. */
export function FilmStrip() {
  const order = useApp((state) => state.order);
  const waiting = useApp((state) => countPhotos(state, (photo) => isWaiting(photo.state)));
  const others = useApp((state) => countPhotos(state, isOtherFile));
  const services = useServices();
  const passFocus = useRef(false);
  return (
    <section
      className="strip"
      aria-label="Film strip"
      {...(order.length === 1 ? { 'data-single': true } : {})}
    >
      <div className="strip-head">
        <p className="strip-count">
          {waiting > 0 ? `${waiting} of ${order.length} to do` : describeCount(order.length - others, others)}
        </p>
        {waiting > 1 && (
          <IconButton icon={X} label="Cancel all" withText onClick={() => services.session.cancelAll()} />
        )}
        {order.length > 1 && (
          <IconButton icon={Trash2} label="Remove all" withText onClick={() => removeAll(services)} />
        )}
      </div>
      <fieldset className="strip-frames">
        <legend className="visually-hidden">Photographs</legend>
        <ol>
          {order.map((id, index) => (
            <Frame key={id} id={id} number={index + 1} passFocus={passFocus} />
          ))}
        </ol>
      </fieldset>
    </section>
  );
}
