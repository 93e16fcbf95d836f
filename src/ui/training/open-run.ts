/** Remembers which run was training, or stood paused, when the page was closed, so that the next visit can offer to resume it. */
const storageKey = 'dinoscope.training';
const pausedMark = 'paused ';

export interface OpenRun {
  readonly id: string;
  /** Whether the person had paused it. */
  readonly isPaused: boolean;
}

/** If storage is forbidden it throws. That is ignored: the run is still in the list. */
export function rememberOpenRun({ id, isPaused }: OpenRun): void {
  try {
    localStorage.setItem(storageKey, isPaused ? `${pausedMark}${id}` : id);
  } catch {
    // See above.
  }
}

export function recallOpenRun(): OpenRun | null {
  try {
    const kept = localStorage.getItem(storageKey);
    if (kept === null) return null;
    const isPaused = kept.startsWith(pausedMark);
    return { id: isPaused ? kept.slice(pausedMark.length) : kept, isPaused };
  } catch {
    return null;
  }
}

export function forgetOpenRun(): void {
  try {
    localStorage.removeItem(storageKey);
  } catch {
    // See above.
  }
}
