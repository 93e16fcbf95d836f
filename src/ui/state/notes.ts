/** What the page says on the first visits and not again once it was dismissed. */
export const noteIds = ['slower', 'ask-a-patch'] as const;

export type NoteId = (typeof noteIds)[number];

/** @returns the notes that `stored` names, each once */
export const readNotes = (stored: unknown): readonly NoteId[] =>
  Array.isArray(stored) ? noteIds.filter((id) => stored.includes(id)) : [];
