/** The keys of the screen "Recognise". The page's list of commands has them too, for the help. */
import type { Command, CommandContext } from '../shell/command.ts';
import { newClassFieldId } from './new-class-field.ts';

/** Escape leaves one thing after the other: presenting, a filter, the selection (and selecting several), the screen. */
function leave({ state, recognise }: CommandContext): void {
  const { filter, cursor, picksSeveral } = recognise.store.getState();
  if (state.presenting) state.setPresenting(false);
  else if (filter.kind !== 'all') recognise.setFilter({ kind: 'all' });
  else if (cursor !== null || picksSeveral) recognise.clearSelection();
  else state.setScreen('viewer');
}

/** Gives the selected photographs to a class by its number; 0 takes them out of theirs. */
function teachByKey(key: string, { recognise }: CommandContext): boolean {
  const { open, selected } = recognise.store.getState();
  if (open === null || selected.size === 0) return false;
  const className = key === '0' ? null : open.classNames[Number(key) - 1];
  if (className === undefined) return false;
  recognise.teach(className);
  return true;
}

export const recogniseCommands: readonly Command[] = [
  {
    keys: ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'],
    shownKeys: ['1', '…', '9', '0'],
    does: 'Give the selected photographs to a class, 0 to none',
    where: 'recognise',
    run: teachByKey,
  },
  {
    keys: ['z'],
    does: 'Undo the last change of classes, or put back what was taken out',
    where: 'recognise',
    run: (_, { recognise }) => {
      recognise.undoTeaching();
      return true;
    },
  },
  {
    keys: ['n'],
    does: 'Name a new class',
    where: 'recognise',
    run: () => {
      document.getElementById(newClassFieldId)?.focus();
      return true;
    },
  },
  {
    keys: ['arrowright', 'arrowleft'],
    shownKeys: [],
    does: '',
    where: 'recognise',
    run: (key, { recognise }) => {
      const isMoved = recognise.moveBy(key === 'arrowright' ? 1 : -1, 'one');
      if (isMoved) recognise.tellCurrent();
      return isMoved;
    },
  },
  {
    keys: ['f', 'p'],
    shownKeys: [],
    does: '',
    where: 'recognise',
    run: (_, { state, recognise }) => {
      if (recognise.store.getState().open === null && !state.presenting) return false;
      state.setPresenting(!state.presenting);
      return true;
    },
  },
  {
    keys: ['escape'],
    shownKeys: [],
    does: '',
    where: 'recognise',
    run: (_, context) => {
      leave(context);
      return true;
    },
  },
];
