/** Drawing round several patches with the pointer held down. */
import { type PointerEvent, useRef, useState } from 'react';
import type { PhotoPoint } from '../state/photo-point.ts';

/** Nearer to where it began, in CSS px, a press is a click. */
const clickSlopPx = 6;

/** Points that are nearer to the last one, in shares of the photograph, are left out. */
const leastStep = 0.004;

interface OutlineDrawing {
  /** What has been drawn so far; null while nothing is drawn. */
  readonly outline: readonly PhotoPoint[] | null;
  press(event: PointerEvent, point: PhotoPoint): void;
  move(event: PointerEvent, point: PhotoPoint): void;
  /** @returns whether the release ended a drawing; the click that follows it means nothing */
  release(): boolean;
}

interface Press {
  readonly x: number;
  readonly y: number;
  readonly point: PhotoPoint;
}

/**
 * On touch screens a finger that moves scrolls the page, so it draws nothing there.
 * @param onDrawn null where the lens asks one patch alone
 */
export function useOutlineDrawing(
  onDrawn: ((outline: readonly PhotoPoint[]) => void) | null,
): OutlineDrawing {
  const pressed = useRef<Press | null>(null);
  const [outline, setOutline] = useState<readonly PhotoPoint[] | null>(null);
  return {
    outline,
    press: ({ button, pointerType, clientX, clientY }, point) => {
      if (onDrawn !== null && button === 0 && pointerType !== 'touch')
        pressed.current = { x: clientX, y: clientY, point };
    },
    move: ({ clientX, clientY, currentTarget, pointerId }, point) => {
      const begun = pressed.current;
      if (begun === null) return;
      if (outline === null) {
        if (Math.hypot(clientX - begun.x, clientY - begun.y) < clickSlopPx) return;
        currentTarget.setPointerCapture(pointerId);
        setOutline([begun.point, point]);
        return;
      }
      const last = outline.at(-1) as PhotoPoint;
      if (Math.hypot(point.x - last.x, point.y - last.y) >= leastStep) setOutline([...outline, point]);
    },
    release: () => {
      pressed.current = null;
      if (outline === null) return false;
      setOutline(null);
      onDrawn?.(outline);
      return true;
    },
  };
}
