/** Zooming without a pointer: keys, and the buttons on the stage. */
import { dragged, pointShown, wholePicture, zoomed, type Point } from '../../render/picture-view.ts';
import type { AppActions, AppState } from '../state/app-store.ts';
import { viewShown, type ZoomKey } from '../state/zoom.ts';

type State = AppState & AppActions;

const keyFactor = 1.5;

/** In shares of what is shown. */
const keyStep = 0.2;

const inSight = (at: number): number => Math.min(1, Math.max(0, at));

/** Around the picked patch, where there is one, else around the middle. */
export function zoomByKey(state: State, of: ZoomKey, to: 'in' | 'out' | 'whole'): void {
  const view = viewShown(state, of);
  const picked = state.photos[of]?.point ?? null;
  const shown = picked === null ? { x: 0.5, y: 0.5 } : pointShown(view, picked);
  const at = { x: inSight(shown.x), y: inSight(shown.y) };
  const next = to === 'whole' ? wholePicture : zoomed(view, to === 'in' ? keyFactor : 1 / keyFactor, at);
  state.setZoom({ of, view: next });
  state.announce(
    next.scale === 1 ? 'The whole picture is shown.' : `Zoomed to ${Math.round(100 * next.scale)} per cent.`,
  );
}

const directions: Readonly<Record<string, Point>> = {
  'shift+arrowleft': { x: keyStep, y: 0 },
  'shift+arrowright': { x: -keyStep, y: 0 },
  'shift+arrowup': { x: 0, y: keyStep },
  'shift+arrowdown': { x: 0, y: -keyStep },
};

/** @returns false while the whole is shown */
export function moveByKey(state: State, of: ZoomKey, key: string): boolean {
  const view = viewShown(state, of);
  const by = directions[key];
  if (view.scale === 1 || by === undefined) return false;
  state.setZoom({ of, view: dragged(view, by) });
  return true;
}
