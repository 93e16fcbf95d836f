/** Notes that the page shows on the first visits only. */
export const noteIds = ['slower', 'ask-a-patch'] as const;

export type NoteId = (typeof noteIds)[number];

/** A hint is shown once. Other notes are shown until they are dismissed. */
export const isSaidOnce = (note: NoteId): boolean => note === 'ask-a-patch';

/** @returns the known notes in `stored`, without duplicates */
export const readNotes = (stored: unknown): readonly NoteId[] =>
  Array.isArray(stored) ? noteIds.filter((id) => stored.includes(id)) : [];
