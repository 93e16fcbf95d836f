/** Checkpoint files and folders that were dropped on the page: lists them, opens them with the person's hints, and keeps them. */
import { catalogue } from '../../catalogue/catalogue.ts';
import type { CheckpointHints } from '../../core/model.ts';
import type { EngineSession } from '../engine/session.ts';
import type { AppStore } from '../state/app-store.ts';
import type { DroppedModel } from '../state/library-state.ts';
import { isSameChoice, type ModelChoice } from '../state/model-choice.ts';
import type { KeptModels } from './kept-models.ts';
import { changeDropped, droppedBy, type ModelChooser } from './model-chooser.ts';
import type { ModelTransfers } from './model-transfers.ts';

export type NewDroppedModel = Pick<DroppedModel, 'title' | 'kind' | 'files' | 'hints'>;

/** Of a model that the page has made, such as a run's teacher after so many steps. */
export interface ListedName {
  readonly of: string;
  readonly version: string;
}

export const listedId = ({ of, version }: ListedName): string => `${of}, ${version}`;

interface Parts {
  readonly kept: KeptModels;
  readonly chooser: ModelChooser;
  readonly transfers: ModelTransfers;
  readonly session: EngineSession;
  readonly store: AppStore;
}

/** A folder name that is not in use yet. */
function freeId(store: AppStore, title: string): string {
  const { stored, partial } = store.getState().library;
  const taken = new Set([...stored, ...partial, ...catalogue.models].map(({ id }) => id));
  const plain =
    title
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '') || 'model';
  for (let number = 1; ; number++) {
    const id = number === 1 ? `own-${plain}` : `own-${plain}-${number}`;
    if (!taken.has(id)) return id;
  }
}

export class DroppedModels {
  private readonly parts: Parts;
  private made = 0;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** Adds the models to the list, and uses the first. */
  add(models: readonly NewDroppedModel[]): void {
    const { library, changeLibrary } = this.parts.store.getState();
    const added = models.map((model): DroppedModel => {
      this.made += 1;
      return { ...model, id: `file-${this.made}`, networks: [], lacks: null };
    });
    changeLibrary({ dropped: [...library.dropped, ...added] });
    const [first] = added;
    if (first !== undefined) void this.parts.chooser.choose({ kind: 'dropped', id: first.id });
  }

  /** Adds a model without using it. An earlier version of it goes, unless it is in use. */
  list(name: ListedName, model: NewDroppedModel): ModelChoice {
    const { library, models, against, changeLibrary } = this.parts.store.getState();
    const choice: ModelChoice = { kind: 'dropped', id: listedId(name) };
    if (library.dropped.some(({ id }) => id === choice.id)) return choice;
    const inUse = [models.used, models.next, against?.model].map((each) => each?.choice.id);
    const others = library.dropped.filter(({ id }) => !id.startsWith(`${name.of}, `) || inUse.includes(id));
    changeLibrary({ dropped: [...others, { ...model, id: choice.id, networks: [], lacks: null }] });
    return choice;
  }

  /** Adds a person's hints to a dropped file, then uses the model. */
  async giveHints(id: string, hints: CheckpointHints): Promise<void> {
    const { store, chooser } = this.parts;
    const dropped = droppedBy(store, id);
    if (dropped === undefined) return;
    const tried = { ...dropped.hints, ...hints };
    changeDropped(store, id, { hints: tried });
    const isUsed = await chooser.choose({ kind: 'dropped', id });
    // Hints are stored only if the model opened with them, or if something else is still missing.
    const now = droppedBy(store, id);
    const isAnswered = isUsed || (now?.lacks ?? null) !== dropped.lacks;
    if (!isAnswered && now?.hints === tried) changeDropped(store, id, { hints: dropped.hints });
  }

  async keep(id: string): Promise<void> {
    const { store, kept, transfers } = this.parts;
    const dropped = droppedBy(store, id);
    if (dropped === undefined) return;
    // The list must be read before a free name can be chosen.
    await kept.read();
    const { title, kind, files, hints } = dropped;
    const stored = await transfers.run(id, title, (options) =>
      kept.client.call('keep', { id: freeId(store, title), title, kind, files, hints }, options),
    );
    if (stored === null) return;
    const { library, changeLibrary, announce } = store.getState();
    changeLibrary({ dropped: library.dropped.filter((model) => model.id !== id) });
    announce(`${title} is kept in this browser.`);
    await this.goOnWith(stored.id, id);
  }

  /** If the dropped model is in use, its stored copy replaces it, so that the next visit finds it. */
  private async goOnWith(storedId: string, id: string): Promise<void> {
    const { store, kept, session } = this.parts;
    const isInUse = (): boolean =>
      isSameChoice(store.getState().models.used?.choice ?? null, { kind: 'dropped', id });
    if (!isInUse()) return;
    const opened = await kept.open(storedId);
    // Another model may have been chosen meanwhile.
    if (!opened.ok || !isInUse()) return;
    session.rename(opened.value);
    store.getState().rememberModel(opened.value.choice);
  }
}
