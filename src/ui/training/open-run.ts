/** Which run was going on when the page was closed, so that the next visit can offer it. */
const storageKey = 'dinoscope.training';

/** Storage may be forbidden and then throws: the run is in the list all the same. */
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
