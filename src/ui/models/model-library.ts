/**
 * The models that a person can choose from: finds them, downloads and keeps them, loads them into the engine. State is in the store.
 * Nothing else calls the worker that keeps models.
 */
import { catalogue } from '../../catalogue/catalogue.ts';
import { describeFailure } from '../../core/failure.ts';
import type { CheckpointHints } from '../../core/model.ts';
import type { LibraryClient } from '../../rpc/library-client.ts';
import type { EngineSession } from '../engine/session.ts';
import type { AppStore } from '../state/app-store.ts';
import { embeddedChoice, isOfSameFiles, isSameChoice, type ModelChoice } from '../state/model-choice.ts';
import { DroppedModels, type ListedName, type NewDroppedModel } from './dropped-models.ts';
import { holdUsedModels } from './hold-used-models.ts';
import { KeptModels } from './kept-models.ts';
import { titleOf } from './known-models.ts';
import { ModelChooser } from './model-chooser.ts';
import { ModelTransfers } from './model-transfers.ts';
import { fetchServedModels } from './served-models.ts';

export interface ModelLibrary {
  /** Starts the session with the model in the page's address, else that of the last visit, else the embedded one. */
  startSession(asked: string | null): Promise<void>;
  /** Reads the lists of served and kept models. Called whenever the list of models is opened. */
  refresh(): Promise<void>;
  use(choice: ModelChoice): Promise<void>;
  /** Shows the model beside the one in use. */
  compare(choice: ModelChoice): Promise<void>;
  download(id: string): Promise<void>;
  /** The bytes that have arrived are kept. */
  cancelTransfer(id: string): void;
  /** Must not be called for the model in use. */
  remove(id: string): Promise<void>;
  /** Adds the models to the list, and uses the first. */
  addDropped(models: readonly NewDroppedModel[]): void;
  /** Adds a model to the list without using it. @param name what replaces an earlier version of the same @returns how it is chosen */
  list(name: ListedName, model: NewDroppedModel): ModelChoice;
  /** Adds a person's hints to a dropped file, then uses the model. */
  giveHints(id: string, hints: CheckpointHints): void;
  keep(id: string): Promise<void>;
}

async function download(
  id: string,
  kept: KeptModels,
  transfers: ModelTransfers,
  store: AppStore,
): Promise<void> {
  const entry = catalogue.models.find((model) => model.id === id);
  if (entry === undefined) throw new Error(`the catalogue has no ${id}`);
  const { announce } = store.getState();
  announce(`${entry.title} is being downloaded.`);
  const stored = await transfers.run(id, entry.title, (options) =>
    kept.client.call('download', { id }, options),
  );
  if (stored !== null) announce(`${entry.title} is downloaded and can be used.`);
}

async function remove(id: string, kept: KeptModels, store: AppStore): Promise<void> {
  const { library, models, rememberModel, setTransfer, say, announce } = store.getState();
  const choice: ModelChoice = { kind: 'stored', id };
  const title = titleOf(library, choice);
  if ([models.used, models.next].some((each) => isOfSameFiles(each?.choice ?? null, choice))) {
    say(`${title} is in use: use another model first, then delete it.`, 'warning');
    return;
  }
  const outcome = await kept.client.call('remove', { id });
  if (!outcome.ok) {
    say(`${title}: ${describeFailure(outcome.error)}`, 'warning');
    return;
  }
  kept.show(outcome.value);
  setTransfer(id, null);
  if (isSameChoice(models.remembered, choice)) rememberModel(embeddedChoice);
  announce(`${title} is deleted.`);
}

async function refreshServed(store: AppStore): Promise<void> {
  const served = await fetchServedModels();
  store.getState().changeLibrary({ served });
}

/** @param connect makes the worker's client */
export function createModelLibrary(
  connect: () => LibraryClient,
  session: EngineSession,
  store: AppStore,
): ModelLibrary {
  holdUsedModels(store);
  const kept = new KeptModels(connect, store);
  const transfers = new ModelTransfers(kept, store);
  const chooser = new ModelChooser(kept, session, store);
  const dropped = new DroppedModels({ kept, chooser, transfers, session, store });
  return {
    startSession: (asked) => chooser.startSession(asked),
    refresh: async () => void (await Promise.all([refreshServed(store), kept.read()])),
    use: async (choice) => void (await chooser.choose(choice)),
    compare: (choice) => chooser.compare(choice),
    download: (id) => download(id, kept, transfers, store),
    cancelTransfer: (id) => transfers.cancel(id),
    remove: (id) => remove(id, kept, store),
    addDropped: (models) => dropped.add(models),
    list: (name, model) => dropped.list(name, model),
    giveHints: (id, hints) => void dropped.giveHints(id, hints),
    keep: (id) => dropped.keep(id),
  };
}
