/** What the page says on the first visits, and not again for ever. */
export const noteIds = ['slower', 'ask-a-patch'] as const;

export type NoteId = (typeof noteIds)[number];

/** A hint is said once; what else there is to note is said until somebody dismisses it. */
export const isSaidOnce = (note: NoteId): boolean => note === 'ask-a-patch';

/** @returns the notes that `stored` names, each once */
export const readNotes = (stored: unknown): readonly NoteId[] =>
  Array.isArray(stored) ? noteIds.filter((id) => stored.includes(id)) : [];
