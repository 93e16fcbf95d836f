/** What the page says to the person, and which notes were seen. */
import type { AppState } from './app-store.ts';
import type { ModelSwitch } from './model-in-use.ts';
import { isSaidOnce, type NoteId } from './notes.ts';

export interface Message {
  readonly id: number;
  readonly tone: 'plain' | 'warning';
  readonly text: string;
  /** Set for messages that are not shown again after they were dismissed. */
  readonly note: NoteId | null;
  /** What a button beside the text does; taken, the message goes. */
  readonly offer: Offer | null;
  /** Set for a warning about a model: what it was chosen for. */
  readonly model: ModelSwitch['purpose'] | null;
}

export interface Offer {
  readonly does: 'undo' | 'reload';
  readonly label: string;
  take(): void;
}

export interface MessageActions {
  /** @returns the message's id, for `dismiss` */
  say(text: string, tone?: Message['tone'], offer?: Offer): number;
  /** Warns of a model that was chosen for this. The warning goes when another is chosen for it. */
  warnOfModel(purpose: ModelSwitch['purpose'], text: string): void;
  /** Shows the note unless it was seen already, in this visit or an earlier one; see `notes`. */
  sayNote(note: NoteId, text: string): void;
  /** Removes a note that is no longer about what is shown. */
  withdrawNote(note: NoteId): void;
  dismiss(id: number): void;
}

/** More messages would cover the photograph, so the oldest is removed. */
const messageLimit = 3;

/** What is left when another model is chosen for this. */
export const withoutModelWarnings = (
  messages: readonly Message[],
  purpose: ModelSwitch['purpose'],
): readonly Message[] => messages.filter(({ model }) => model !== purpose);

/** Adds a message. It replaces an earlier one with the same text. */
const withMessage = (messages: readonly Message[], message: Message): readonly Message[] =>
  [...messages.filter(({ text }) => text !== message.text), message].slice(-messageLimit);

const withNote = (notes: readonly NoteId[], note: NoteId | null): readonly NoteId[] =>
  note === null || notes.includes(note) ? notes : [...notes, note];

type Messages = Pick<AppState, 'messages' | 'notesSeen'>;

/** @param set changes the store */
export function messageActions(
  set: (change: (state: Messages) => Partial<Messages>) => void,
): MessageActions {
  let messagesMade = 0;
  return {
    say(text, tone = 'plain', offer) {
      messagesMade += 1;
      const id = messagesMade;
      set(({ messages }) => ({
        messages: withMessage(messages, { id, tone, text, note: null, offer: offer ?? null, model: null }),
      }));
      return id;
    },

    warnOfModel(purpose, text) {
      messagesMade += 1;
      const id = messagesMade;
      set(({ messages }) => ({
        messages: withMessage(withoutModelWarnings(messages, purpose), {
          id,
          tone: 'warning',
          text,
          note: null,
          offer: null,
          model: purpose,
        }),
      }));
    },

    sayNote(note, text) {
      messagesMade += 1;
      const id = messagesMade;
      set(({ messages, notesSeen }) => {
        // One on show takes the new words.
        if (messages.some((message) => message.note === note))
          return {
            messages: messages.map((message) => (message.note === note ? { ...message, text } : message)),
          };
        if (notesSeen.includes(note)) return {};
        return {
          messages: withMessage(messages, { id, tone: 'plain', text, note, offer: null, model: null }),
          notesSeen: isSaidOnce(note) ? withNote(notesSeen, note) : notesSeen,
        };
      });
    },

    withdrawNote: (note) =>
      set(({ messages }) => ({ messages: messages.filter((message) => message.note !== note) })),
    dismiss: (id) =>
      set(({ messages, notesSeen }) => ({
        messages: messages.filter((message) => message.id !== id),
        notesSeen: withNote(notesSeen, messages.find((message) => message.id === id)?.note ?? null),
      })),
  };
}
