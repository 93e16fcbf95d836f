import { type KeyboardEvent, type MouseEvent, useId } from 'react';
import type { Frame } from '../../core/frame.ts';
import { patchTitle } from '../../lenses/query-title.ts';
import type { Photo } from '../state/photo.ts';
import { isSamePatch, patchAt, patchBeside, pointOf } from '../state/photo-point.ts';
import { usePickPoint } from './use-scene.ts';
import './patch-picker.css';

/** What the key for patches moves the focus to. */
export const patchPickerId = 'patches';

const steps: Readonly<Record<string, { readonly down: number; readonly right: number }>> = {
  ArrowUp: { down: -1, right: 0 },
  ArrowDown: { down: 1, right: 0 },
  ArrowLeft: { down: 0, right: -1 },
  ArrowRight: { down: 0, right: 1 },
};

interface PatchPickerProps {
  readonly photo: Photo;
  /** How the patches lie on the photograph. */
  readonly frame: Frame;
}

/** Lies over the photograph: a click asks the patch under it, the arrow keys go from there. */
export function PatchPicker({ photo, frame }: PatchPickerProps) {
  const pick = usePickPoint(photo.id);
  const helpId = useId();
  const marked = photo.point === null ? null : patchAt(photo.point, frame);
  const click = ({ clientX, clientY, currentTarget, detail }: MouseEvent): void => {
    const { left, top, width, height } = currentTarget.getBoundingClientRect();
    const point = { x: (clientX - left) / width, y: (clientY - top) / height };
    const isMarked = marked !== null && isSamePatch(patchAt(point, frame), marked);
    // The same patch once more lets go of it; the second half of a double click does not.
    if (!isMarked) pick(point);
    else if (detail < 2) pick(null);
  };
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
        id={patchPickerId}
        className="patch-picker"
        role="application"
        aria-label={marked === null ? 'Patches' : patchTitle(marked)}
        aria-describedby={helpId}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- an application is what screen readers leave the arrow keys to
        tabIndex={0}
        onClick={click}
        onKeyDown={press}
      />
      <span className="visually-hidden" id={helpId}>
        {marked === null
          ? 'Enter asks the patch in the middle what it looks at.'
          : 'Arrow keys ask the patch beside it, Escape goes back.'}
      </span>
    </>
  );
}
