/**
 * The models that a person can choose from: finds them, fetches and keeps them, brings them into the engine. State lives in the
 * store; this is the only place that calls the worker that keeps models.
 */
import { catalogue } from '../../catalogue/catalogue.ts';
import { describeFailure, type Failure } from '../../core/failure.ts';
import { embeddedModelTitle } from '../../core/embedded-model.ts';
import type { CheckpointHints } from '../../core/model.ts';
import { fail, type Result, succeed } from '../../core/result.ts';
import type { LibraryClient } from '../../rpc/library-client.ts';
import type { LibraryContents, StoredModel, TransferProgress } from '../../rpc/library-contract.ts';
import type { EngineSession } from '../engine/session.ts';
import type { AppStore } from '../state/app-store.ts';
import type { DroppedModel } from '../state/library-state.ts';
import {
  type ChosenModel,
  embeddedChoice,
  isModelId,
  isSameChoice,
  type ModelChoice,
  servedModel,
} from '../state/model-choice.ts';
import { fetchServedModels } from './served-models.ts';
import { droppedModel, storedModel } from './chosen-model.ts';

export type NewDroppedModel = Pick<DroppedModel, 'title' | 'kind' | 'files' | 'hints'>;

export interface ModelLibrary {
  /** Begins the session with the model that the address asks for, else that of the last visit, else the embedded one. */
  startSession(asked: string | null): Promise<void>;
  /** Looks up what is served and what is kept; told at every opening of the list. */
  refresh(): Promise<void>;
  use(choice: ModelChoice): Promise<void>;
  download(id: string): Promise<void>;
  /** What came is kept. */
  cancelTransfer(id: string): void;
  /** Not for the model in use. */
  remove(id: string): Promise<void>;
  /** Lists them, and uses the first. */
  addDropped(models: readonly NewDroppedModel[]): void;
  /** What a person says of a dropped file; it is then used. */
  giveHints(id: string, hints: CheckpointHints): void;
  keep(id: string): Promise<void>;
}

/** @param connect makes the client; not before it is needed, which is never where somebody uses the embedded model */
export function createModelLibrary(
  connect: () => LibraryClient,
  session: EngineSession,
  store: AppStore,
): ModelLibrary {
  let connected: LibraryClient | null = null;
  let droppedMade = 0;
  let choicesMade = 0;
  const transfers = new Map<string, AbortController>();

  const client = (): LibraryClient => {
    if (connected !== null) return connected;
    const made = connect();
    // Open calls have failed by then, and say so; what had been written is there. The next call starts another one: by itself it would
    // ask for a script that is gone for ever.
    made.onGone(() => {
      if (connected === made) connected = null;
    });
    connected = made;
    return made;
  };

  const show = ({ stored, partial, notKept, freeBytes }: LibraryContents): void =>
    store.getState().changeLibrary({ status: 'read', failure: null, stored, partial, notKept, freeBytes });

  const readKept = async (): Promise<void> => {
    const outcome = await client().call('list', {});
    if (outcome.ok) show(outcome.value);
    else store.getState().changeLibrary({ status: 'failed', failure: outcome.error });
  };

  const titleOf = (choice: ModelChoice): string => {
    if (isSameChoice(choice, embeddedChoice)) return embeddedModelTitle;
    const { library } = store.getState();
    const lists = { served: library.served, stored: library.stored, dropped: library.dropped };
    return lists[choice.kind].find(({ id }) => id === choice.id)?.title ?? 'The model';
  };

  const openStored = async (id: string): Promise<Result<ChosenModel, Failure>> => {
    const outcome = await client().call('open', { id });
    return outcome.ok ? succeed(storedModel(outcome.value.model, outcome.value.files)) : outcome;
  };

  const find = async (choice: ModelChoice): Promise<Result<ChosenModel, Failure>> => {
    switch (choice.kind) {
      case 'served':
        return succeed(servedModel(choice.id));
      case 'stored':
        return openStored(choice.id);
      case 'dropped': {
        const dropped = store.getState().library.dropped.find(({ id }) => id === choice.id);
        return dropped === undefined ? fail({ code: 'model-not-kept' }) : succeed(droppedModel(dropped));
      }
    }
  };

  const changeDropped = (id: string, change: Partial<DroppedModel>): void => {
    const { library, changeLibrary } = store.getState();
    changeLibrary({
      dropped: library.dropped.map((model) => (model.id === id ? { ...model, ...change } : model)),
    });
  };

  /** @returns whether it is in use now */
  const choose = async (choice: ModelChoice): Promise<boolean> => {
    const { say, rememberModel, setDialog } = store.getState();
    choicesMade += 1;
    const mine = choicesMade;
    const found = await find(choice);
    // Another was chosen while this one was looked up.
    if (mine !== choicesMade) return false;
    if (!found.ok) {
      say(`${titleOf(choice)}: ${describeFailure(found.error)}`, 'warning');
      if (choice.kind === 'stored') await readKept();
      return false;
    }
    const outcome = await session.useModel(found.value, titleOf(choice));
    if (outcome.ok) {
      const { notKept } = store.getState().library;
      if (choice.kind !== 'stored' || notKept === null) rememberModel(choice);
      const { title, networks = [] } = outcome.value;
      if (choice.kind === 'dropped') changeDropped(choice.id, { title, networks, lacks: null });
      return true;
    }
    const { code } = outcome.error;
    const lacks = code === 'heads-unknown' ? 'heads' : code === 'grid-unknown' ? 'grid' : null;
    if (choice.kind === 'dropped' && lacks !== null) {
      changeDropped(choice.id, { lacks });
      setDialog('models');
    }
    return false;
  };

  /** Runs a download or a copy, its progress in the store. @returns the model, or null where it was cancelled or failed */
  const transfer = async (
    id: string,
    title: string,
    begin: (options: {
      signal: AbortSignal;
      awaitsWorker: boolean;
      onProgress: (progress: TransferProgress) => void;
    }) => Promise<Result<StoredModel, Failure>>,
  ): Promise<StoredModel | null> => {
    const { setTransfer, announce } = store.getState();
    if (transfers.has(id)) return null;
    const controller = new AbortController();
    transfers.set(id, controller);
    setTransfer(id, { status: 'running', progress: null });
    // Without it the browser may throw the model out when the disk fills. It decides by itself; we can only ask.
    void navigator.storage?.persist?.().catch(() => false);
    const outcome = await begin({
      signal: controller.signal,
      // Until it has let go of the file, nobody can go on with it.
      awaitsWorker: true,
      onProgress: (progress) => {
        if (!controller.signal.aborted) setTransfer(id, { status: 'running', progress });
      },
    });
    transfers.delete(id);
    // The list first: between the two there would be a moment in which the model is nowhere.
    await readKept();
    if (outcome.ok || controller.signal.aborted) setTransfer(id, null);
    else {
      setTransfer(id, { status: 'failed', failure: outcome.error });
      announce(`${title}: ${describeFailure(outcome.error)}`);
    }
    return outcome.ok ? outcome.value : null;
  };

  /** A folder's name that nobody has taken. */
  const freeId = (title: string): string => {
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
  };

  return {
    async startSession(asked) {
      const embedded = servedModel(embeddedChoice.id);
      if (asked !== null && isModelId(asked)) return session.start(servedModel(asked), null);
      const { models, rememberModel, say } = store.getState();
      const found = models.remembered === null ? succeed(embedded) : await find(models.remembered);
      if (found.ok) return session.start(found.value, embedded);
      const isGone = found.error.code === 'model-not-kept';
      const what = isGone ? 'is no longer in this browser' : 'could not be opened';
      const why = isGone ? 'Press M for the list of models.' : describeFailure(found.error);
      say(
        `The model of your last visit ${what}, so the page begins with the one that comes with it. ${why}`,
        'warning',
      );
      // What could not be opened now may be there the next time.
      if (isGone) rememberModel(embeddedChoice);
      session.start(embedded, null);
    },

    async refresh() {
      const [served] = await Promise.all([fetchServedModels(), readKept()]);
      store.getState().changeLibrary({ served });
    },

    use: async (choice) => void (await choose(choice)),

    async download(id) {
      const entry = catalogue.models.find((model) => model.id === id);
      if (entry === undefined) throw new Error(`the catalogue has no ${id}`);
      const { announce } = store.getState();
      announce(`${entry.title} is being downloaded.`);
      const stored = await transfer(id, entry.title, (options) => client().call('download', { id }, options));
      if (stored !== null) announce(`${entry.title} is downloaded and can be used.`);
    },

    cancelTransfer(id) {
      transfers.get(id)?.abort();
      store.getState().announce('Stopped.');
    },

    async remove(id) {
      const { models, rememberModel, setTransfer, say, announce } = store.getState();
      const choice: ModelChoice = { kind: 'stored', id };
      const title = catalogue.models.find((model) => model.id === id)?.title ?? titleOf(choice);
      if (
        isSameChoice(models.used?.choice ?? null, choice) ||
        isSameChoice(models.next?.choice ?? null, choice)
      ) {
        say(`${title} is in use: use another model first, then delete it.`, 'warning');
        return;
      }
      const outcome = await client().call('remove', { id });
      if (!outcome.ok) {
        say(`${title}: ${describeFailure(outcome.error)}`, 'warning');
        return;
      }
      show(outcome.value);
      setTransfer(id, null);
      if (isSameChoice(models.remembered, choice)) rememberModel(embeddedChoice);
      announce(`${title} is deleted.`);
    },

    addDropped(models) {
      const { library, changeLibrary } = store.getState();
      const added = models.map((model): DroppedModel => {
        droppedMade += 1;
        return { ...model, id: `file-${droppedMade}`, networks: [], lacks: null };
      });
      changeLibrary({ dropped: [...library.dropped, ...added] });
      const [first] = added;
      if (first !== undefined) void choose({ kind: 'dropped', id: first.id });
    },

    giveHints(id, hints) {
      const dropped = store.getState().library.dropped.find((model) => model.id === id);
      if (dropped === undefined) return;
      const tried = { ...dropped.hints, ...hints };
      changeDropped(id, { hints: tried });
      void choose({ kind: 'dropped', id }).then((isUsed) => {
        // The list says what computes, and only what has been tried is kept; so is an answer after which something else is asked.
        const now = store.getState().library.dropped.find((model) => model.id === id);
        const isAnswered = isUsed || (now?.lacks ?? null) !== dropped.lacks;
        if (!isAnswered && now?.hints === tried) changeDropped(id, { hints: dropped.hints });
      });
    },

    async keep(id) {
      const dropped = store.getState().library.dropped.find((model) => model.id === id);
      if (dropped === undefined) return;
      // Only after a look at what is there is a name known to be free.
      await readKept();
      const { title, kind, files, hints } = dropped;
      const stored = await transfer(id, title, (options) =>
        client().call('keep', { id: freeId(title), title, kind, files, hints }, options),
      );
      if (stored === null) return;
      const { library, changeLibrary, rememberModel, announce } = store.getState();
      changeLibrary({ dropped: library.dropped.filter((model) => model.id !== id) });
      announce(`${title} is kept in this browser.`);
      const isInUse = (): boolean =>
        isSameChoice(store.getState().models.used?.choice ?? null, { kind: 'dropped', id });
      if (!isInUse()) return;
      const opened = await openStored(stored.id);
      // Another may have been taken meanwhile.
      if (!opened.ok || !isInUse()) return;
      session.rename(opened.value);
      rememberModel(opened.value.choice);
    },
  };
}
