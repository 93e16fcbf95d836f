/**
 * The list of all keyboard commands. The key handler, the help dialog and the tooltips of buttons read it. Each lens adds commands of
 * its own.
 */
import { lensIds } from '../../lenses/contracts.ts';
import { viewOf } from '../../lenses/views.ts';
import type { Command, CommandContext } from './command.ts';
import { recogniseCommands } from '../recognise/recognise-commands.ts';
import type { AppActions, AppState } from '../state/app-store.ts';
import { canShowAll, pickedOn, requestedLook, shownOutcome, spanOfLook } from '../state/looks.ts';
import type { Photo } from '../state/photo.ts';
import { viewShown } from '../state/zoom.ts';
import { patchPickerId } from './patch-picker.tsx';
import { queryOf, sceneOf, type AnyPanelProps } from './use-scene.ts';
import { zoomKeyOf } from './zoom-key-of.ts';
import { moveByKey, zoomByKey } from './zoom-keys.ts';

type State = AppState & AppActions;

const opacityStepPercent = 5;

const selected = ({ photos, selectedId }: State): Photo | undefined =>
  selectedId === null ? undefined : photos[selectedId];

const done = (): true => true;

/** Asks the patch in the middle of the photograph and focuses the patches, for the arrow keys. With a patch asked, goes back to CLS. */
function togglePatch(state: State): boolean {
  const photo = selected(state);
  const outcome = photo === undefined ? null : shownOutcome(state, photo);
  if (photo === undefined || outcome === null || queryOf(outcome) === null) return false;
  const picked = pickedOn(state, photo);
  if (picked !== null) state.pickPoint(picked, null);
  else {
    state.pickPoint(photo.id, { x: 0.5, y: 0.5 });
    document.getElementById(patchPickerId)?.focus();
  }
  return true;
}

/** @returns whether a patch of the selected photograph was asked; it is not asked any more */
function leavePatch(state: State): boolean {
  const photo = selected(state);
  const picked = photo === undefined ? null : pickedOn(state, photo);
  if (picked !== null) state.pickPoint(picked, null);
  return picked !== null;
}

/** A patch that is only under the pointer is picked: its question must stay when the pictures change places. */
function toggleAll(state: State): boolean {
  const photo = selected(state);
  if (photo === undefined) return false;
  const { pointed, order } = state;
  const asked = pickedOn(state, photo) === null ? requestedLook(state, photo) : null;
  if (pointed !== null && order.length > 1 && asked !== null && spanOfLook(asked) === 'each') {
    state.pickPoint(pointed.photo, pointed.point);
    state.setShowsAll(true);
    return true;
  }
  if (!canShowAll(state)) {
    if (order.length > 1)
      state.say(
        'What is shown is about one photograph. Where a lens answers for all of them, G shows them beside each other.',
      );
    return false;
  }
  state.setShowsAll(!state.showsAll);
  return true;
}

function zoomStage(state: State, to: 'in' | 'out' | 'whole'): boolean {
  const key = zoomKeyOf(state);
  if (key === null || (to === 'whole' && viewShown(state, key).scale === 1)) return false;
  zoomByKey(state, key, to);
  return true;
}

function moveStage(state: State, arrow: string): boolean {
  const key = zoomKeyOf(state);
  return key !== null && moveByKey(state, key, arrow);
}

const hasPhotograph = ({ screen, order }: State): boolean => screen === 'viewer' && order.length > 0;

/** Where there is something to present. */
function togglePresentation({ state, hasCurves }: CommandContext): boolean {
  const { screen, presenting, setPresenting } = state;
  if (!presenting && !(screen === 'training' ? hasCurves : hasPhotograph(state))) return false;
  setPresenting(!presenting);
  return true;
}

/** What is on top of the view is closed first. */
function leaveTraining({ state: { screen, setScreen }, leaveFigure }: CommandContext): boolean {
  if (screen !== 'training') return false;
  if (leaveFigure()) return true;
  setScreen('viewer');
  return true;
}

function leavePresentation({ presenting, setPresenting }: State): boolean {
  setPresenting(false);
  return presenting;
}

/** Selects the next photograph, or the previous one. */
function turnPhoto({ order, selectedId, select }: State, step: 1 | -1): boolean {
  if (selectedId === null) return false;
  const next = order[order.indexOf(selectedId) + step];
  if (next !== undefined) select(next);
  return true;
}

/** After the last lens comes the first. */
function turnLens({ lens, setLens }: State, step: 1 | -1): boolean {
  const next = lensIds.at((lensIds.indexOf(lens) + step) % lensIds.length);
  if (next !== undefined) setLens(next);
  return true;
}

/** Before a lens's own command: 0 goes back to the whole photograph while a part is shown. */
const leaveZoom: Command = {
  keys: ['0'],
  shownKeys: [],
  does: '',
  where: 'viewer',
  run: (_, { state }) => zoomStage(state, 'whole'),
};

const shellCommands: readonly Command[] = [
  {
    keys: ['q'],
    does: 'Ask a patch, and back to CLS',
    where: 'viewer',
    run: (_, { state }) => togglePatch(state),
  },
  {
    keys: [],
    shownKeys: ['↑', '↓', '←', '→'],
    does: 'The patch beside it, while a patch is asked',
    where: 'viewer',
    // The patch picker handles these keys itself while it has the focus.
    run: () => false,
  },
  {
    keys: ['+', '=', '-', '0'],
    shownKeys: ['+', '−', '0'],
    does: 'Zoom in, out, back to the whole photograph',
    where: 'viewer',
    run: (key, { state }) => zoomStage(state, key === '0' ? 'whole' : key === '-' ? 'out' : 'in'),
  },
  {
    keys: ['shift+arrowleft', 'shift+arrowright', 'shift+arrowup', 'shift+arrowdown'],
    shownKeys: ['Shift ←', 'Shift ↑'],
    does: 'Move the part that is shown',
    where: 'viewer',
    run: (key, { state }) => moveStage(state, key),
  },
  {
    keys: [',', '.'],
    does: 'Opacity: less, more',
    where: 'viewer',
    run: (key, { state }) => {
      const step = key === ',' ? -opacityStepPercent : opacityStepPercent;
      const opacityPercent = Math.min(100, Math.max(0, state.shared.opacityPercent + step));
      state.changeShared({ opacityPercent });
      return true;
    },
  },
  {
    keys: ['g'],
    does: 'All photographs beside each other, where the lens answers for all',
    where: 'viewer',
    run: (_, { state }) => toggleAll(state),
  },
  {
    keys: ['l', 'shift+l'],
    shownKeys: ['L', 'Shift L'],
    does: 'The next lens, the one before',
    where: 'viewer',
    run: (key, { state }) => turnLens(state, key === 'l' ? 1 : -1),
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
    does: 'Present on the whole screen: the photograph, the curves of a training, or a collection',
    where: 'everywhere',
    run: (_, context) => togglePresentation(context),
  },
  {
    keys: ['escape'],
    shownKeys: ['Esc'],
    does: 'Back: from a patch, from presenting, from training, from recognising',
    where: 'everywhere',
    run: (_, context) => {
      const { state } = context;
      if (hasPhotograph(state) && leavePatch(state)) return true;
      return leavePresentation(state) || leaveTraining(context);
    },
  },
  {
    keys: ['c'],
    does: 'Recognise: tell photographs apart by example, and back',
    where: 'everywhere',
    run: (_, { state }) => {
      state.setScreen(state.screen === 'recognise' ? 'viewer' : 'recognise');
      return true;
    },
  },
  {
    keys: ['r'],
    does: 'Train a network on the photographs, and back',
    where: 'everywhere',
    run: (_, { state }) => {
      state.setScreen(state.screen === 'training' ? 'viewer' : 'training');
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

/** The panel props of the lens in use, for code outside of components. */
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

/** Commands of the lens in use, then those of the page. */
export const commandsOf = (state: State): readonly Command[] => [
  leaveZoom,
  ...lensCommands(state),
  ...recogniseCommands,
  ...shellCommands,
];

/** @returns whether a command has handled the key */
export function runCommand(key: string, context: CommandContext): boolean {
  const { state } = context;
  return commandsOf(state).some(({ keys, where, run }) => {
    const isHere =
      where === 'everywhere' || (where === 'viewer' ? hasPhotograph(state) : state.screen === where);
    return isHere && keys.includes(key.toLowerCase()) && run(key.toLowerCase(), context);
  });
}
