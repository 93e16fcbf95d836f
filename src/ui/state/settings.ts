import { isModelId, type ModelChoice } from './model-choice.ts';
import { type ColourMapName, colourMapNames } from '../../render/colour-maps.ts';

/** What the stage shows: all heads in colours, their mean, or one head (0-based). */
export type View = 'all' | 'mean' | number;

/** What is drawn where a head was chosen with another model in view. */
export const viewWithin = (view: View, { numHeads }: { readonly numHeads: number }): View =>
  typeof view === 'number' && view >= numHeads ? 'all' : view;

export type OverlayStyle = 'heat' | 'mask';

/** Everything that only redraws. */
export interface OverlaySettings {
  readonly style: OverlayStyle;
  readonly colourMap: ColourMapName;
  /** Per cent of a head's attention that its mask keeps, 1..99. */
  readonly massPercent: number;
  /** Per cent, 0..100. */
  readonly opacityPercent: number;
  /** Interpolated between patches, or patch by patch as the official script draws. A mask's patches are what it keeps. */
  readonly heatSmooth: boolean;
  readonly maskSmooth: boolean;
  /** The mask's edge as a line: on masks it belongs to them, on a heat map it is one thing more to look at. */
  readonly maskContour: boolean;
  readonly heatContour: boolean;
}

export type Theme = 'dark' | 'light';

export interface RememberedSettings {
  readonly overlay: OverlaySettings;
  readonly theme: Theme;
  /** The model that was used last, where it can be found again; null: the embedded one. */
  readonly model: ModelChoice | null;
}

const defaultOverlay: OverlaySettings = {
  style: 'heat',
  colourMap: 'inferno',
  massPercent: 60,
  opacityPercent: 75,
  heatSmooth: true,
  maskSmooth: false,
  maskContour: true,
  heatContour: false,
};

/** All heads together are always drawn as masks, whatever the style of the others. */
export const drawnStyle = (view: View, settings: OverlaySettings): OverlayStyle =>
  view === 'all' ? 'mask' : settings.style;

export const hasContour = (view: View, settings: OverlaySettings): boolean =>
  drawnStyle(view, settings) === 'mask' ? settings.maskContour : settings.heatContour;

export const isSmooth = (view: View, settings: OverlaySettings): boolean =>
  drawnStyle(view, settings) === 'mask' ? settings.maskSmooth : settings.heatSmooth;

const storageKey = 'dinoscope.settings';

const readNumber = (value: unknown, min: number, max: number, otherwise: number): number =>
  typeof value === 'number' && value >= min && value <= max ? Math.round(value) : otherwise;

const readBoolean = (value: unknown, otherwise: boolean): boolean =>
  typeof value === 'boolean' ? value : otherwise;

const readChoice = <T extends string>(value: unknown, choices: readonly T[], otherwise: T): T =>
  choices.find((choice) => choice === value) ?? otherwise;

function readModel(value: unknown): ModelChoice | null {
  if (typeof value !== 'object' || value === null) return null;
  const { kind, id }: { kind?: unknown; id?: unknown } = value;
  return (kind === 'served' || kind === 'stored') && isModelId(id) ? { kind, id } : null;
}

/** What was stored may be from another version, or from somebody's fingers: every field is checked on its own. */
export function parseSettings(stored: unknown): RememberedSettings {
  const fields = (value: unknown): Readonly<Record<string, unknown>> =>
    typeof value === 'object' && value !== null ? { ...value } : {};
  const root = fields(stored);
  const overlay = fields(root['overlay']);
  return {
    theme: readChoice(root['theme'], ['dark', 'light'], 'dark'),
    model: readModel(root['model']),
    overlay: {
      style: readChoice(overlay['style'], ['heat', 'mask'], defaultOverlay.style),
      colourMap: readChoice(overlay['colourMap'], colourMapNames, defaultOverlay.colourMap),
      massPercent: readNumber(overlay['massPercent'], 1, 99, defaultOverlay.massPercent),
      opacityPercent: readNumber(overlay['opacityPercent'], 0, 100, defaultOverlay.opacityPercent),
      heatSmooth: readBoolean(overlay['heatSmooth'], defaultOverlay.heatSmooth),
      maskSmooth: readBoolean(overlay['maskSmooth'], defaultOverlay.maskSmooth),
      maskContour: readBoolean(overlay['maskContour'], defaultOverlay.maskContour),
      heatContour: readBoolean(overlay['heatContour'], defaultOverlay.heatContour),
    },
  };
}

/** Storage may be forbidden (private windows, blocked cookies) and then throws: settings are a comfort, not a need. */
export function recallSettings(): RememberedSettings {
  try {
    return parseSettings(JSON.parse(localStorage.getItem(storageKey) ?? 'null'));
  } catch {
    return parseSettings(null);
  }
}

export function rememberSettings(settings: RememberedSettings): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(settings));
  } catch {
    // See recallSettings.
  }
}
