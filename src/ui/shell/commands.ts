/**
 * Everything that a key does, in one list: the keys, the help sheet and the buttons' tooltips read it. What a lens can do comes from the
 * lens.
 */
import { contractOf } from '../../lenses/contracts.ts';
import { viewOf } from '../../lenses/views.ts';
import type { EngineSession } from '../engine/session.ts';
import type { AppActions, AppState } from '../state/app-store.ts';
import { shownOutcome } from '../state/looks.ts';
import type { Photo } from '../state/photo.ts';
import { patchPickerId } from './patch-picker.tsx';
import { queryOf, sceneOf, type AnyPanelProps } from './use-scene.ts';

type State = AppState & AppActions;

export interface CommandContext {
  readonly state: State;
  readonly session: EngineSession;
}

export interface Command {
  readonly keys: readonly string[];
  /** How the help names the keys, where not by themselves. */
  readonly shownKeys?: readonly string[];
  readonly does: string;
  /** Where it means something: everywhere, on a photograph on the stage, or in the training view. */
  readonly where: 'everywhere' | 'viewer' | 'training';
  /** @returns false where it has nothing to do, so that another command of the same key may */
  readonly run: (key: string, context: CommandContext) => boolean;
}

const opacityStepPercent = 5;

const selected = ({ photos, selectedId }: State): Photo | undefined =>
  selectedId === null ? undefined : photos[selectedId];

const done = (): true => true;

/** Asks the patch in the middle of the photograph, and puts the arrow keys there; or goes back to CLS. */
function togglePatch(state: State): boolean {
  const photo = selected(state);
  const outcome = photo === undefined ? null : shownOutcome(state, photo);
  if (photo === undefined || outcome === null || queryOf(outcome) === null) return false;
  if (photo.point !== null) state.pickPoint(photo.id, null);
  else {
    state.pickPoint(photo.id, { x: 0.5, y: 0.5 });
    document.getElementById(patchPickerId)?.focus();
  }
  return true;
}

/** @returns whether the selected photograph had a patch to let go of */
function leavePatch(state: State): boolean {
  const photo = selected(state);
  if (photo === undefined || photo.point === null || !contractOf(state.lens).asks) return false;
  state.pickPoint(photo.id, null);
  return true;
}

function leavePresentation({ presenting, setPresenting }: State): boolean {
  setPresenting(false);
  return presenting;
}

/** To the next photograph, or the one before. */
function turnPhoto({ order, selectedId, select }: State, step: 1 | -1): boolean {
  if (selectedId === null) return false;
  const next = order[order.indexOf(selectedId) + step];
  if (next !== undefined) select(next);
  return true;
}

const shellCommands: readonly Command[] = [
  {
    keys: ['q'],
    does: 'Ask a patch what it looks at, and back to CLS',
    where: 'viewer',
    run: (_, { state }) => togglePatch(state),
  },
  {
    keys: [],
    shownKeys: ['↑', '↓', '←', '→'],
    does: 'The patch beside it, while a patch is asked',
    where: 'viewer',
    // The photograph itself hears them, while it has the focus.
    run: () => false,
  },
  {
    keys: ['-', '+', '='],
    shownKeys: ['−', '+'],
    does: 'Opacity',
    where: 'viewer',
    run: (key, { state }) => {
      const step = key === '-' ? -opacityStepPercent : opacityStepPercent;
      const opacityPercent = Math.min(100, Math.max(0, state.shared.opacityPercent + step));
      state.changeShared({ opacityPercent });
      return true;
    },
  },
  {
    keys: ['arrowright', 'pagedown', 'arrowleft', 'pageup'],
    shownKeys: ['←', '→'],
    does: 'The photograph before, the next one',
    where: 'viewer',
    run: (key, { state }) => turnPhoto(state, key === 'arrowright' || key === 'pagedown' ? 1 : -1),
  },
  {
    keys: ['delete', 'backspace'],
    shownKeys: ['Del'],
    does: 'Remove the photograph from the strip',
    where: 'viewer',
    run: (_, { state, session }) => {
      if (state.selectedId === null || state.presenting) return false;
      session.remove(state.selectedId);
      return true;
    },
  },
  {
    keys: ['f', 'p'],
    does: 'Present on the whole screen',
    where: 'viewer',
    run: (_, { state }) => {
      state.setPresenting(!state.presenting);
      return true;
    },
  },
  {
    keys: ['escape'],
    shownKeys: ['Esc'],
    does: 'Back: from a patch, from presenting, from training',
    where: 'viewer',
    run: (_, { state }) => leavePatch(state) || leavePresentation(state),
  },
  {
    keys: ['escape'],
    shownKeys: [],
    does: '',
    where: 'training',
    run: (_, { state }) => {
      state.setScreen('viewer');
      return true;
    },
  },
  {
    keys: ['r'],
    does: 'Train a network on the photographs, and back',
    where: 'everywhere',
    run: (_, { state }) => {
      state.setScreen(state.screen === 'viewer' ? 'training' : 'viewer');
      return true;
    },
  },
  {
    keys: ['m'],
    does: 'Models: which network looks',
    where: 'everywhere',
    run: (_, { state }) => {
      state.setDialog('models');
      return true;
    },
  },
  {
    keys: ['t'],
    does: 'Dark or light',
    where: 'everywhere',
    run: (_, { state }) => {
      state.setTheme(state.theme === 'dark' ? 'light' : 'dark');
      return true;
    },
  },
  {
    keys: ['?'],
    does: 'This help',
    where: 'everywhere',
    run: (_, { state }) => {
      state.setDialog('help');
      return true;
    },
  },
];

/** What the lens in use works with, outside of components. */
function panelPropsOf(state: State): AnyPanelProps {
  const photo = selected(state);
  const outcome = photo === undefined ? null : shownOutcome(state, photo);
  const { lens, params, drawings, shared, models, changeParams, changeDrawing, changeShared } = state;
  return {
    scene: outcome === null ? null : sceneOf(outcome, drawings, shared),
    params: params[lens],
    drawing: drawings[lens],
    shared,
    model: models.used?.description ?? null,
    changeParams,
    changeDrawing,
    changeShared,
  };
}

const lensCommands = (state: State): Command[] =>
  viewOf(state.lens).commands.map((command) => ({
    ...command,
    where: 'viewer',
    run: (key) => {
      command.run(key, panelPropsOf(state));
      return done();
    },
  }));

/** Of the page and of the lens in use, the lens's first. */
export const commandsOf = (state: State): readonly Command[] => [...lensCommands(state), ...shellCommands];

/** @returns whether the key means something */
export function runCommand(key: string, context: CommandContext): boolean {
  const { state } = context;
  const hasPhotograph = state.screen === 'viewer' && state.order.length > 0;
  return commandsOf(state).some(({ keys, where, run }) => {
    const isHere =
      where === 'everywhere' || (where === 'viewer' ? hasPhotograph : state.screen === 'training');
    return isHere && keys.includes(key.toLowerCase()) && run(key.toLowerCase(), context);
  });
}
