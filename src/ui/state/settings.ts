import { isModelId, type ModelChoice } from './model-choice.ts';
import { catalogue } from '../../catalogue/catalogue.ts';
import type { Texts } from '../../core/codec.ts';
import { contractOf, lensIds, type LensId } from '../../lenses/contracts.ts';
import { sharedDrawing, type SharedDrawing } from '../../render/shared-drawing.ts';
import { readNotes, type NoteId } from './notes.ts';

export type Theme = 'dark' | 'light';

/** The drawing settings of each lens, as written by its codec. */
type Drawings = Readonly<Record<LensId, object>>;

export interface RememberedSettings {
  readonly drawings: Drawings;
  readonly shared: SharedDrawing;
  readonly theme: Theme;
  /** The model that was used last, if it can be found again; null for the embedded one. */
  readonly model: ModelChoice | null;
  /** The published classifier that was chosen for a network of the catalogue: addresses by the network's id. */
  readonly heads: Readonly<Record<string, string>>;
  /** Notes that are not shown again. */
  readonly notesSeen: readonly NoteId[];
  /** Whether the numbers of a picture are unfolded. */
  readonly detailsOpen: boolean;
}

const storageKey = 'dinoscope.settings';

const readChoice = <T extends string>(value: unknown, choices: readonly T[], otherwise: T): T =>
  choices.find((choice) => choice === value) ?? otherwise;

function readModel(value: unknown): ModelChoice | null {
  if (typeof value !== 'object' || value === null) return null;
  const { kind, id }: { kind?: unknown; id?: unknown } = value;
  return (kind === 'served' || kind === 'stored') && isModelId(id) ? { kind, id } : null;
}

const readHeads = (value: unknown): RememberedSettings['heads'] =>
  Object.fromEntries(
    catalogue.models.flatMap(({ id, classifiers }) => {
      const remembered = fieldsOf(value)[id];
      const head = classifiers.find(({ url }) => url === remembered);
      return head === undefined ? [] : [[id, head.url]];
    }),
  );

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

/** @returns the result of `read` for each lens */
export const forEachLens = (read: (id: LensId) => object): Drawings =>
  Object.fromEntries(lensIds.map((id) => [id, read(id)])) as Drawings;

/** Checks every field by itself, since the stored settings may be of another version, or edited by hand. */
export function parseSettings(stored: unknown): RememberedSettings {
  const root = fieldsOf(stored);
  const drawings = fieldsOf(root['drawings']);
  return {
    theme: readChoice(root['theme'], ['dark', 'light'], 'dark'),
    model: readModel(root['model']),
    heads: readHeads(root['heads']),
    notesSeen: readNotes(root['notesSeen']),
    detailsOpen: root['detailsOpen'] === true,
    shared: sharedDrawing.readLeniently(root['shared']),
    drawings: forEachLens((id) => contractOf(id).drawing.readLeniently(drawings[id])),
  };
}

function writeDrawing(id: LensId, drawing: object): Texts {
  const { forgets, drawing: codec } = contractOf(id);
  const forgotten: readonly PropertyKey[] = forgets;
  return Object.fromEntries(
    Object.entries(codec.write(drawing)).filter(([name]) => !forgotten.includes(name)),
  );
}

/** Settings as they are stored: only those that differ from the defaults. */
function writeSettings({ shared, drawings, ...settings }: RememberedSettings): object {
  return {
    ...settings,
    shared: sharedDrawing.write(shared),
    drawings: Object.fromEntries(lensIds.map((id) => [id, writeDrawing(id, drawings[id])])),
  };
}

/** Storage may be forbidden (private windows, blocked cookies) and then throws. The page works without stored settings. */
export function recallSettings(): RememberedSettings {
  try {
    return parseSettings(JSON.parse(localStorage.getItem(storageKey) ?? 'null'));
  } catch {
    return parseSettings(null);
  }
}

export function rememberSettings(settings: RememberedSettings): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(writeSettings(settings)));
  } catch {
    // See recallSettings.
  }
}
