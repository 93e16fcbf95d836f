import { type KeyboardEvent, type MouseEvent, useId } from 'react';
import type { AttentionResult } from '../../rpc/engine-contract.ts';
import { useApp } from '../services.tsx';
import type { Photo } from '../state/photo.ts';
import { isSamePatch, markedPatch, patchAt, patchBeside, pointOf } from '../state/query.ts';
import { patchTitle } from '../words.ts';
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
  readonly result: AttentionResult;
}

/** Lies over the photograph: a click asks the patch under it, the arrow keys go from there. */
export function PatchPicker({ photo, result }: PatchPickerProps) {
  const askPatch = useApp((state) => state.askPatch);
  const helpId = useId();
  const marked = markedPatch(photo);
  const pick = ({ clientX, clientY, currentTarget, detail }: MouseEvent): void => {
    const { left, top, width, height } = currentTarget.getBoundingClientRect();
    const point = { x: (clientX - left) / width, y: (clientY - top) / height };
    const isMarked = marked !== null && isSamePatch(patchAt(point, result), marked);
    // The same patch once more lets go of it; the second half of a double click does not.
    if (!isMarked) askPatch(photo.id, point);
    else if (detail < 2) askPatch(photo.id, null);
  };
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = steps[event.key];
    if (marked === null && (event.key === 'Enter' || event.key === ' '))
      askPatch(photo.id, { x: 0.5, y: 0.5 });
    else if (marked !== null && step !== undefined)
      askPatch(photo.id, pointOf(patchBeside(marked, step, result), result));
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
        onClick={pick}
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
