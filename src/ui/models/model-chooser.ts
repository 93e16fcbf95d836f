/** Loads a chosen model into the engine, from any source. */
import { catalogue } from '../../catalogue/catalogue.ts';
import { type CatalogueEntry, wholeArchitecture } from '../../catalogue/parse-catalogue.ts';
import { describeFailure, type Failure } from '../../core/failure.ts';
import { fail, type Result, succeed } from '../../core/result.ts';
import type { EngineSession } from '../engine/session.ts';
import type { AppStore } from '../state/app-store.ts';
import type { DroppedModel } from '../state/library-state.ts';
import {
  type ChosenModel,
  embeddedChoice,
  isModelId,
  type ModelChoice,
  randomOf,
  servedModel,
} from '../state/model-choice.ts';
import { droppedModel } from './chosen-model.ts';
import type { KeptModels } from './kept-models.ts';
import { titleOf } from './known-models.ts';

export const droppedBy = (store: AppStore, id: string): DroppedModel | undefined =>
  store.getState().library.dropped.find((model) => model.id === id);

export function changeDropped(store: AppStore, id: string, change: Partial<DroppedModel>): void {
  const { library, changeLibrary } = store.getState();
  changeLibrary({
    dropped: library.dropped.map((model) => (model.id === id ? { ...model, ...change } : model)),
  });
}

/** A published network by its sizes: its file is not needed for random weights. */
const networkOf = ({ id, title, architecture }: CatalogueEntry) => ({
  choice: { kind: 'stored', id } as const,
  key: `stored ${id}`,
  reference: { kind: 'sizes', id, title, architecture: wholeArchitecture(architecture) } as const,
});

export class ModelChooser {
  private readonly kept: KeptModels;
  private readonly session: EngineSession;
  private readonly store: AppStore;
  private choicesMade = 0;

  constructor(kept: KeptModels, session: EngineSession, store: AppStore) {
    this.kept = kept;
    this.session = session;
    this.store = store;
  }

  /** @returns true if the model is in use now */
  async choose(choice: ModelChoice): Promise<boolean> {
    const title = titleOf(this.store.getState().library, choice);
    this.choicesMade += 1;
    const mine = this.choicesMade;
    const found = await this.find(choice);
    // Another model was chosen while this one was being looked up.
    if (mine !== this.choicesMade) return false;
    if (!found.ok) {
      this.store.getState().warnOfModel('use', `${title}: ${describeFailure(found.error)}`);
      if (choice.kind === 'stored') await this.kept.read();
      return false;
    }
    const outcome = await this.session.useModel(found.value, title);
    if (!outcome.ok) {
      this.askForHints(choice, outcome.error);
      this.leaveOut(choice, outcome.error);
      return false;
    }
    const { library, rememberModel } = this.store.getState();
    if (choice.kind !== 'stored' || library.notKept === null) rememberModel(choice);
    const { title: ownTitle, networks = [] } = outcome.value;
    if (choice.kind === 'dropped')
      changeDropped(this.store, choice.id, { title: ownTitle, networks, lacks: null });
    return true;
  }

  /** Compares the model in use with this one. */
  async compare(choice: ModelChoice): Promise<void> {
    const title = titleOf(this.store.getState().library, choice);
    this.choicesMade += 1;
    const mine = this.choicesMade;
    const found = await this.find(choice);
    if (mine !== this.choicesMade) return;
    if (found.ok) await this.session.compareWith(found.value, title);
    else this.store.getState().warnOfModel('compare', `${title}: ${describeFailure(found.error)}`);
  }

  /** Starts with the model in the page's address, else that of the last visit, else the embedded one. */
  async startSession(asked: string | null): Promise<void> {
    const embedded = servedModel(embeddedChoice.id);
    if (asked !== null && isModelId(asked)) return this.session.start(servedModel(asked), null);
    const { remembered } = this.store.getState().models;
    const found = remembered === null ? succeed(embedded) : await this.find(remembered);
    if (found.ok) return this.session.start(found.value, embedded);
    this.tellOfRemembered(found.error);
    this.session.start(embedded, null);
  }

  private async find(choice: ModelChoice): Promise<Result<ChosenModel, Failure>> {
    const { kind, id, seed } = choice;
    if (seed !== undefined) {
      const entry = kind === 'stored' ? catalogue.models.find((model) => model.id === id) : undefined;
      if (entry !== undefined) return succeed(randomOf(networkOf(entry), seed));
      const found = await this.find({ kind, id });
      return found.ok ? succeed(randomOf(found.value, seed)) : found;
    }
    switch (choice.kind) {
      case 'served':
        return succeed(servedModel(choice.id));
      case 'stored':
        return this.kept.open(choice.id);
      case 'dropped': {
        const dropped = droppedBy(this.store, choice.id);
        return dropped === undefined ? fail({ code: 'model-not-kept' }) : succeed(droppedModel(dropped));
      }
    }
  }

  /** Opens the list if a file lacks values, so that it can ask for them. */
  private askForHints(choice: ModelChoice, { code }: Failure): void {
    const lacks = code === 'heads-unknown' ? 'heads' : code === 'grid-unknown' ? 'grid' : null;
    if (choice.kind !== 'dropped' || lacks === null) return;
    changeDropped(this.store, choice.id, { lacks });
    this.store.getState().setDialog('models');
  }

  /** A file that is no checkpoint is no choice for later. The person has been told what it is. */
  private leaveOut({ kind, id }: ModelChoice, { code }: Failure): void {
    if (kind !== 'dropped' || code !== 'checkpoint-invalid') return;
    const { library, changeLibrary } = this.store.getState();
    // One that was opened before may have another network that is whole, and one that lacks something may have been told a wrong value.
    const mayBeUsed = ({ networks, lacks }: DroppedModel): boolean => networks.length > 0 || lacks !== null;
    changeLibrary({ dropped: library.dropped.filter((model) => model.id !== id || mayBeUsed(model)) });
  }

  private tellOfRemembered(failure: Failure): void {
    const { warnOfModel, rememberModel } = this.store.getState();
    const isGone = failure.code === 'model-not-kept';
    const what = isGone ? 'is no longer in this browser' : 'could not be opened';
    const why = isGone ? 'Press M for the list of models.' : describeFailure(failure);
    warnOfModel(
      'use',
      `The model of your last visit ${what}, so the page begins with the one that comes with it. ${why}`,
    );
    // A model that could not be opened now may be available at the next visit.
    if (isGone) rememberModel(embeddedChoice);
  }
}
