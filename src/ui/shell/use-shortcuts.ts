import { useEffect } from 'react';
import { patchPickerId } from './patch-picker.tsx';
import { useServices } from '../services.tsx';
import type { AppActions, AppState } from '../state/app-store.ts';
import { visibleOutcome } from '../state/photo.ts';

const massStepPercent = 5;
const opacityStepPercent = 5;

/** Where letters and digits mean something else. */
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

const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));

/** Presenting hides the film strip: its arrows, and a clicker's page keys, turn to the next photograph. */
function turnPhoto(key: string, { order, selectedId, select }: AppState & AppActions): boolean {
  const step = ['PageDown', 'ArrowRight'].includes(key) ? 1 : ['PageUp', 'ArrowLeft'].includes(key) ? -1 : 0;
  if (step === 0 || selectedId === null) return false;
  const next = order[order.indexOf(selectedId) + step];
  if (next !== undefined) select(next);
  return true;
}

/** Asks the patch in the middle of the photograph, and puts the arrow keys there; or goes back to CLS. */
function togglePatch({ photos, selectedId, askPatch }: AppState & AppActions): void {
  const photo = selectedId === null ? undefined : photos[selectedId];
  if (!photo || visibleOutcome(photo.state) === null) return;
  if (photo.asked !== null) return askPatch(photo.id, null);
  askPatch(photo.id, { x: 0.5, y: 0.5 });
  document.getElementById(patchPickerId)?.focus();
}

/** @returns whether the selected photograph had a patch to let go of */
function leavePatch({ photos, selectedId, askPatch }: AppState & AppActions): boolean {
  if (selectedId === null || !photos[selectedId]?.asked) return false;
  askPatch(selectedId, null);
  return true;
}

/** @returns whether the key means something */
function handleKey(key: string, state: AppState & AppActions): boolean {
  const { overlay, changeOverlay, setView, order, presenting } = state;
  if (key === '?') {
    state.setDialog('help');
    return true;
  }
  if (key.toLowerCase() === 'm') {
    state.setDialog('models');
    return true;
  }
  if (key.toLowerCase() === 't') {
    state.setTheme(state.theme === 'dark' ? 'light' : 'dark');
    return true;
  }
  if (key.toLowerCase() === 'r') {
    state.setPlace(state.place === 'viewer' ? 'training' : 'viewer');
    return true;
  }
  if (state.place === 'training') {
    if (key === 'Escape') state.setPlace('viewer');
    return key === 'Escape';
  }
  // All else is about a photograph on the stage.
  if (order.length === 0) return false;
  if (/^[1-9]$/.test(key)) {
    const head = Number(key) - 1;
    if (state.model && head < state.model.numHeads) setView(head);
    return true;
  }
  switch (key.toLowerCase()) {
    case '0':
    case 'a':
      setView('all');
      return true;
    case 'e':
      setView('mean');
      return true;
    case 'h':
      changeOverlay({ style: 'heat' });
      return true;
    case 'k':
      changeOverlay({ style: 'mask' });
      return true;
    case '[':
      changeOverlay({ massPercent: clamp(overlay.massPercent - massStepPercent, 1, 99) });
      return true;
    case ']':
      changeOverlay({ massPercent: clamp(overlay.massPercent + massStepPercent, 1, 99) });
      return true;
    case '-':
      changeOverlay({ opacityPercent: clamp(overlay.opacityPercent - opacityStepPercent, 0, 100) });
      return true;
    case '+':
    case '=':
      changeOverlay({ opacityPercent: clamp(overlay.opacityPercent + opacityStepPercent, 0, 100) });
      return true;
    case 'f':
    case 'p':
      state.setPresenting(!presenting);
      return true;
    case 'q':
      togglePatch(state);
      return true;
    case 'escape':
      if (leavePatch(state)) return true;
      state.setPresenting(false);
      return presenting;
    default:
      return false;
  }
}

export function useShortcuts(): void {
  const { store } = useServices();
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
      const state = store.getState();
      // On a tile the arrows go from head to head.
      const isOnInput = event.target instanceof HTMLInputElement && event.key.startsWith('Arrow');
      const turned = state.presenting && !isOnInput && turnPhoto(event.key, state);
      if (turned || handleKey(event.key, state)) event.preventDefault();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [store]);
}
