import { type KeyboardEvent, type MouseEvent, type PointerEvent, useEffect, useId, useState } from 'react';
import type { Frame } from '../../core/frame.ts';
import type { PatchPosition } from '../../core/geometry.ts';
import { patchTitle } from '../../lenses/query-title.ts';
import type { Photo } from '../state/photo.ts';
import { isSamePatch, patchAt, patchBeside, pointOf, type PhotoPoint } from '../state/photo-point.ts';
import { usePickPoint, usePointAt } from './use-scene.ts';
import './patch-picker.css';

/** The element that gets the focus from the key for patches. */
export const patchPickerId = 'patches';

const steps: Readonly<Record<string, { readonly down: number; readonly right: number }>> = {
  ArrowUp: { down: -1, right: 0 },
  ArrowDown: { down: 1, right: 0 },
  ArrowLeft: { down: 0, right: -1 },
  ArrowRight: { down: 0, right: 1 },
};

/** The position of the pointer on the photograph. */
function pointUnder({ clientX, clientY, currentTarget }: MouseEvent): PhotoPoint {
  const { left, top, width, height } = currentTarget.getBoundingClientRect();
  return { x: (clientX - left) / width, y: (clientY - top) / height };
}

/** The highlight of a patch, positioned in shares of the photograph. */
function PatchLight({ patch, frame }: { readonly patch: PatchPosition; readonly frame: Frame }) {
  const { x, y } = pointOf(patch, frame);
  const width = frame.box.width / frame.columns / frame.photoSizePx.width;
  const height = frame.box.height / frame.rows / frame.photoSizePx.height;
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
  /** Whether the key for patches gives it the focus: one on the page. */
  readonly isMain?: boolean;
}

/** Covers the photograph. It highlights the patch under the pointer; a click asks it, and the arrow keys move to its neighbours. */
export function PatchPicker({ photo, frame, marked, isMain = true }: PatchPickerProps) {
  const pick = usePickPoint(photo.id);
  const pointAt = usePointAt(photo.id);
  const helpId = useId();
  const [pointed, setPointed] = useState<PhotoPoint | null>(null);
  const click = (event: MouseEvent): void => {
    const point = pointUnder(event);
    const isMarked = marked !== null && isSamePatch(patchAt(point, frame), marked);
    // A click on the asked patch goes back to CLS, but not the second click of a double click.
    if (!isMarked) pick(point);
    else if (event.detail < 2) pick(null);
  };
  // On touch screens the highlight would stay at the last touch.
  const follow = (event: PointerEvent): void => {
    const point = event.pointerType === 'touch' ? null : pointUnder(event);
    setPointed(point);
    pointAt(point);
  };
  const leave = (): void => {
    setPointed(null);
    pointAt(null);
  };
  // The photograph may be exchanged under the pointer.
  useEffect(() => () => pointAt(null), [pointAt]);
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = steps[event.key];
    if (marked === null && (event.key === 'Enter' || event.key === ' ')) pick({ x: 0.5, y: 0.5 });
    else if (marked !== null && step !== undefined) pick(pointOf(patchBeside(marked, step, frame), frame));
    else return;
    event.preventDefault();
  };
  return (
    <>
      <div
        id={isMain ? patchPickerId : undefined}
        className="patch-picker"
        role="application"
        aria-label={marked === null ? 'Patches' : patchTitle(marked)}
        aria-describedby={helpId}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- role application gives it the arrow keys
        tabIndex={0}
        onClick={click}
        onKeyDown={press}
        onPointerMove={follow}
        onPointerLeave={leave}
      >
        {pointed !== null && <PatchLight patch={patchAt(pointed, frame)} frame={frame} />}
      </div>
      <span className="visually-hidden" id={helpId}>
        {marked === null
          ? 'Enter asks the patch in the middle what it looks at.'
          : 'Arrow keys ask the patch beside it, Escape goes back.'}
      </span>
    </>
  );
}
