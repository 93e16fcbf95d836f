/** Remembers which collection was open, and whether its photographs had all come, for the next visit. */
const storageKey = 'dinoscope.collection';

export interface LastCollection {
  readonly id: string;
  /** How many photographs were asked for, while they come; null once they are all there. */
  readonly wanted: number | null;
}

function parseLast(stored: unknown): LastCollection | null {
  if (typeof stored !== 'object' || stored === null) return null;
  const { id, wanted }: { id?: unknown; wanted?: unknown } = stored;
  return typeof id === 'string' ? { id, wanted: typeof wanted === 'number' ? wanted : null } : null;
}

/** If storage is forbidden it throws. That is ignored: the collection is still in the list. */
export function rememberCollection(last: LastCollection | null): void {
  try {
    if (last === null) localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, JSON.stringify(last));
  } catch {
    // See above.
  }
}

export function recallCollection(): LastCollection | null {
  try {
    return parseLast(JSON.parse(localStorage.getItem(storageKey) ?? 'null'));
  } catch {
    return null;
  }
}
