import { type MouseEvent, type PointerEvent, useEffect, useRef } from 'react';

/** As phones have it. */
const longMs = 500;
/** A finger that moves further scrolls, CSS px. */
const stillPx = 10;

/** A finger that rests. A mouse has keys for that, and drags. The click that may follow is not told of. */
export function useLongPress(onLongPress: () => void, onClick: (event: MouseEvent) => void) {
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const start = useRef({ x: 0, y: 0 });
  const wasLong = useRef(false);
  const isTouch = useRef(false);
  const stop = (): void => {
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = null;
  };
  useEffect(() => stop, []);
  return {
    onPointerDown(event: PointerEvent<HTMLElement>) {
      stop();
      wasLong.current = false;
      isTouch.current = event.pointerType === 'touch';
      // On some phones a finger that rests would begin to drag it.
      event.currentTarget.draggable = !isTouch.current;
      if (!isTouch.current) return;
      start.current = { x: event.clientX, y: event.clientY };
      timer.current = setTimeout(() => {
        wasLong.current = true;
        onLongPress();
      }, longMs);
    },
    onPointerMove(event: PointerEvent) {
      const { x, y } = start.current;
      if (Math.hypot(event.clientX - x, event.clientY - y) > stillPx) stop();
    },
    onPointerUp: stop,
    onPointerCancel: stop,
    onContextMenu(event: MouseEvent) {
      if (isTouch.current) event.preventDefault();
    },
    onClick(event: MouseEvent) {
      const isOver = wasLong.current;
      wasLong.current = false;
      if (!isOver) onClick(event);
    },
  };
}
