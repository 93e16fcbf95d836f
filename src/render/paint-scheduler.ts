/**
 * Paints what changed, once a frame. A slider may ask a hundred times between two frames: only the last request of
 * each surface counts. The stage goes first; the tiles share what is left of the frame and go on in the next.
 */
export interface PaintScheduler {
  /**
   * @param surface whose earlier request is replaced
   * @param priority lower goes first; 0 has its turn in every frame
   * @param paint returns false where it is not done and wants the next frame too
   */
  request(surface: object, priority: number, paint: () => boolean): void;
  cancel(surface: object): void;
}

/** Of the 16 ms of a frame, what painting may take; the rest is the browser's own. */
const budgetMs = 8;

export function createPaintScheduler(
  requestFrame: (callback: () => void) => void,
  now: () => number,
): PaintScheduler {
  const requests = new Map<object, { priority: number; paint: () => boolean }>();
  let frameRequested = false;

  const runFrame = (): void => {
    frameRequested = false;
    const start = now();
    const inOrder = [...requests].sort(([, a], [, b]) => a.priority - b.priority);
    for (const [surface, { priority, paint }] of inOrder) {
      if (priority > 0 && now() - start > budgetMs) break;
      requests.delete(surface);
      if (!paint()) requests.set(surface, { priority, paint });
    }
    if (requests.size > 0) requestNext();
  };

  const requestNext = (): void => {
    if (frameRequested) return;
    frameRequested = true;
    requestFrame(runFrame);
  };

  return {
    request(surface, priority, paint) {
      requests.set(surface, { priority, paint });
      requestNext();
    },
    cancel: (surface) => void requests.delete(surface),
  };
}

export const paintScheduler = createPaintScheduler(
  (callback) => requestAnimationFrame(callback),
  () => performance.now(),
);
