import { useEffect } from 'react';
import { isExplanationOpen } from '../kit/explanation.tsx';
import { useServices } from '../services.tsx';
import { runCommand } from './commands.ts';
import { whatKeyDid } from './what-a-key-did.ts';

/** Whether letters and digits go into this element as text. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (
    target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  )
    return true;
  return (
    target instanceof HTMLInputElement &&
    !['radio', 'checkbox', 'range', 'button', 'file'].includes(target.type)
  );
}

/** Whether the focused element uses the key itself: to move between radio buttons, or to move a slider. */
const movesWithin = (target: EventTarget | null, key: string): boolean =>
  target instanceof HTMLInputElement &&
  ((['radio', 'range'].includes(target.type) && key.startsWith('Arrow')) ||
    (target.type === 'range' && key.startsWith('Page')));

/** Whether the focused element uses the key, so that the page must ignore it. */
export const belongsToField = (target: EventTarget | null, key: string): boolean =>
  isTyping(target) || movesWithin(target, key);

/** Handles the keys of the page, see `commands`. */
export function useCommands(): void {
  const { store, session, training, recognise } = useServices();
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      // Escape first closes an open explanation.
      if (event.key === 'Escape' && isExplanationOpen()) return;
      if (belongsToField(event.target, event.key) || document.querySelector('dialog[open]')) return;
      const { run, figure } = training.store.getState();
      const hasCurves = run !== null || figure !== null;
      // Other letters are the same with Shift.
      const meansOther = event.key.startsWith('Arrow') || event.key === 'L';
      const key = event.shiftKey && meansOther ? `shift+${event.key}` : event.key;
      const leaveFigure = (): boolean => {
        if (figure !== null && figure.status !== 'running') training.closeFigure();
        return figure !== null;
      };
      const state = store.getState();
      if (!runCommand(key, { state, session, hasCurves, recognise, leaveFigure })) return;
      event.preventDefault();
      const said = whatKeyDid(state, store.getState());
      if (said !== null) state.announce(said);
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [store, session, training, recognise]);
}
