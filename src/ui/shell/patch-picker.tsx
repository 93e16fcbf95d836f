import {
  type KeyboardEvent,
  type MouseEvent,
  type PointerEvent,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react';
import type { Frame } from '../../core/frame.ts';
import type { PatchPosition } from '../../core/geometry.ts';
import { patchTitle } from '../../lenses/query-title.ts';
import { pointShown, pointUnder, showing, type PictureView } from '../../render/picture-view.ts';
import { useApp } from '../services.tsx';
import type { Photo } from '../state/photo.ts';
import {
  isSamePatch,
  outlineOfPatches,
  patchAt,
  patchBeside,
  pickedWithin,
  pointOf,
  type PhotoPoint,
  type PickedPoint,
} from '../state/photo-point.ts';
import type { ZoomKey } from '../state/zoom.ts';
import { useOutlineDrawing } from './outline-drawing.ts';
import { usePickPoint, usePointAt } from './use-scene.ts';
import { useView } from './use-view.ts';
import { photoPointUnder } from './zoom-area.tsx';
import './patch-picker.css';

/** The element that gets the focus from the key for patches. */
export const patchPickerId = 'patches';

const steps: Readonly<Record<string, { readonly down: number; readonly right: number }>> = {
  ArrowUp: { down: -1, right: 0 },
  ArrowDown: { down: 1, right: 0 },
  ArrowLeft: { down: 0, right: -1 },
  ArrowRight: { down: 0, right: 1 },
};

interface PatchLightProps {
  readonly patch: PatchPosition;
  readonly frame: Frame;
  readonly view: PictureView;
}

/** The highlight of a patch, positioned in shares of what is shown of the photograph. */
function PatchLight({ patch, frame, view }: PatchLightProps) {
  const { x, y } = pointShown(view, pointOf(patch, frame));
  const width = (view.scale * frame.box.width) / frame.columns / frame.photoSizePx.width;
  const height = (view.scale * frame.box.height) / frame.rows / frame.photoSizePx.height;
  const percent = (share: number): string => `${100 * share}%`;
  return (
    <div
      className="patch-light"
      style={{
        left: percent(x - width / 2),
        top: percent(y - height / 2),
        width: percent(width),
        height: percent(height),
      }}
    />
  );
}

interface PatchPickerProps {
  readonly photo: Photo;
  /** The grid of patches on the photograph. */
  readonly frame: Frame;
  /** The asked patch. */
  readonly marked: PatchPosition | null;
  /** Whether several patches can be asked together. */
  readonly asksSeveral: boolean;
  /** Whether the key for patches gives it the focus: one on the page. */
  readonly isMain?: boolean;
  /** What is zoomed with it; the photograph by itself where nothing is said. */
  readonly zoomKey?: ZoomKey;
  /** What tells it from other pickers on the page: the photograph's name. */
  readonly label?: string;
}

interface DrawnOutlineProps {
  readonly outline: readonly PhotoPoint[];
  readonly view: PictureView;
}

/** The outline that the pointer draws. */
function DrawnOutline({ outline, view }: DrawnOutlineProps) {
  const shown = outline.map((point) => pointShown(view, point));
  const points = shown.map(({ x, y }) => `${100 * x},${100 * y}`).join(' ');
  return (
    <svg className="patch-outline" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      <polygon points={points} vectorEffect="non-scaling-stroke" />
      <polygon points={points} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

/** A rectangle of patches that the arrow keys have grown. */
interface Grown {
  readonly anchor: PatchPosition;
  readonly corner: PatchPosition;
  readonly picked: PickedPoint;
}

/** Arrow keys with Shift ask a rectangle of patches, from the marked one to a corner that the keys move. */
function useGrowing({ photo, frame, marked }: PatchPickerProps, pick: (point: PickedPoint) => void) {
  const grown = useRef<Grown | null>(null);
  return (step: { readonly down: number; readonly right: number }): boolean => {
    const known = grown.current !== null && photo.point === grown.current.picked ? grown.current : null;
    const anchor = known?.anchor ?? marked;
    if (anchor === null) return false;
    const corner = patchBeside(known?.corner ?? anchor, step, frame);
    const picked = pickedWithin(outlineOfPatches(anchor, corner, frame));
    grown.current = { anchor, corner, picked };
    pick(picked);
    return true;
  };
}

/** In shares of what is shown. */
const keyMargin = 0.1;

/** Keys while the picker has the focus. */
function useKeys(props: PatchPickerProps, view: PictureView, pick: (point: PickedPoint) => void) {
  const { photo, frame, marked, asksSeveral, zoomKey = photo.id } = props;
  const grow = useGrowing(props, pick);
  const setZoom = useApp((state) => state.setZoom);
  return (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = steps[event.key];
    if (step !== undefined && event.shiftKey && asksSeveral) {
      if (!grow(step)) return;
    } else if (step !== undefined && event.shiftKey && view.scale > 1) {
      // The page moves the picture.
      return;
    } else if (marked === null && (event.key === 'Enter' || event.key === ' '))
      pick(pointUnder(view, { x: 0.5, y: 0.5 }));
    else if (marked !== null && step !== undefined) {
      const point = pointOf(patchBeside(marked, step, frame), frame);
      pick(point);
      setZoom({ of: zoomKey, view: showing(view, point, keyMargin) });
    } else return;
    event.preventDefault();
  };
}

function helpOf(asksSeveral: boolean, marked: PatchPosition | null): string {
  if (marked === null) return 'Enter asks the patch in the middle.';
  const several = asksSeveral ? ', with Shift several together' : '';
  return `Arrow keys ask the patch beside it${several}, Escape goes back.`;
}

/** Covers the photograph. It highlights the patch under the pointer; a click asks it, and the arrow keys move to its neighbours. */
export function PatchPicker(props: PatchPickerProps) {
  const { photo, frame, marked, asksSeveral, isMain = true, label, zoomKey = photo.id } = props;
  const pick = usePickPoint(photo.id);
  const undoPick = useApp((state) => state.undoPick);
  const pointAt = usePointAt(photo.id);
  const view = useView(zoomKey);
  const helpId = useId();
  const title = marked === null ? 'Patches' : patchTitle(marked);
  const [pointed, setPointed] = useState<PhotoPoint | null>(null);
  const drawing = useOutlineDrawing(asksSeveral ? (outline) => pick(pickedWithin(outline)) : null);
  const hasDrawn = useRef(false);
  const press = useKeys(props, view, pick);
  const click = (event: MouseEvent): void => {
    // The release of a drawing is no click, and a double click zooms.
    if (hasDrawn.current || event.detail > 1) return;
    const point = photoPointUnder(event, view);
    const isMarked = marked !== null && isSamePatch(patchAt(point, frame), marked);
    // A click on the asked patch goes back to CLS.
    pick(isMarked ? null : point);
  };
  // On touch screens the highlight would stay at the last touch.
  const follow = (event: PointerEvent): void => {
    const point = event.pointerType === 'touch' ? null : photoPointUnder(event, view);
    if (point !== null) drawing.move(event, point);
    const isSame =
      point !== null && pointed !== null && isSamePatch(patchAt(point, frame), patchAt(pointed, frame));
    // The whole page hears of another patch.
    if (isSame) return;
    setPointed(point);
    pointAt(point);
  };
  const begin = (event: PointerEvent): void => {
    hasDrawn.current = false;
    drawing.press(event, photoPointUnder(event, view));
  };
  const end = (): void => {
    hasDrawn.current = drawing.release();
  };
  const leave = (): void => {
    setPointed(null);
    pointAt(null);
  };
  // The photograph may be exchanged under the pointer.
  useEffect(() => () => pointAt(null), [pointAt]);
  return (
    <>
      <div
        id={isMain ? patchPickerId : undefined}
        className="patch-picker"
        role="application"
        aria-label={label === undefined ? title : `${title}, ${label}`}
        aria-describedby={helpId}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- role application gives it the arrow keys
        tabIndex={0}
        onClick={click}
        onDoubleClick={() => undoPick(photo.id)}
        onKeyDown={press}
        onPointerDown={begin}
        onPointerUp={end}
        onPointerMove={follow}
        onPointerLeave={leave}
      >
        {drawing.outline !== null && <DrawnOutline outline={drawing.outline} view={view} />}
        {pointed !== null && drawing.outline === null && (
          <PatchLight patch={patchAt(pointed, frame)} frame={frame} view={view} />
        )}
      </div>
      <span className="visually-hidden" id={helpId}>
        {helpOf(asksSeveral, marked)}
      </span>
    </>
  );
}
