/** Remembers which run was training when the page was closed, so that the next visit can offer to resume it. */
const storageKey = 'dinoscope.training';

/** If storage is forbidden it throws. That is ignored: the run is still in the list. */
export function rememberOpenRun(id: string): void {
  try {
    localStorage.setItem(storageKey, id);
  } catch {
    // See above.
  }
}

export function recallOpenRun(): string | null {
  try {
    return localStorage.getItem(storageKey);
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
