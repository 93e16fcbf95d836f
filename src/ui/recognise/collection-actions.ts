/** The collections that this browser keeps: lists, opens, renames and deletes them. */
import { describeFailure } from '../../core/failure.ts';
import type { StoredCollection, UnreadableCollection } from '../../rpc/recognise-contract.ts';
import { FilesAtHand } from './files-at-hand.ts';
import { recallCollection, rememberCollection } from './last-collection.ts';
import type { RecogniseConduct } from './recognise-conduct.ts';
import { nothingOpen, withItems, type OpenCollection } from './recognise-state.ts';
import { SmallPictures } from './small-pictures.ts';
import { Thumbnails } from './thumbnails.ts';
import type { Voting } from './voting.ts';

export interface CollectionActions {
  /** When the screen is opened: reads the list, and opens the collection of the last visit. */
  begin(): Promise<void>;
  refresh(): Promise<void>;
  openCollection(id: string): Promise<void>;
  /** After a change that gives photographs other indices. Where it cannot be read it is closed, with the reason: what is shown means others by now. */
  openAnew(id: string): Promise<void>;
  /** Another window has changed the open collection: it is read again, and said. */
  showChanged(): Promise<void>;
  /** The collection stays in the browser. */
  closeCollection(): void;
  renameCollection(title: string): Promise<void>;
  removeCollection(collection: StoredCollection | UnreadableCollection): Promise<void>;
}

export function createCollectionActions(
  { client, app, store }: RecogniseConduct,
  voting: Voting,
): CollectionActions {
  let hasBegun = false;
  let isReadingChanged = false;

  const refresh = async (): Promise<void> => {
    const outcome = await client.call('listCollections', {});
    store.setState(outcome.ok ? { list: outcome.value, listFailure: null } : { listFailure: outcome.error });
  };

  /** @returns whether it is open */
  const openCollection = async (id: string): Promise<boolean> => {
    store.setState({ isOpening: true, failure: null });
    const outcome = await client.call('openCollection', { id });
    store.setState({ isOpening: false });
    if (!outcome.ok) {
      store.setState({ failure: outcome.error });
      return false;
    }
    const { collection, items, thumbnails, thumbnailEnds } = outcome.value;
    const before = store.getState().open;
    const isSame = before?.kept.id === id;
    before?.pictures.close();
    const shown: OpenCollection = {
      kept: collection,
      items: [],
      pictures: new SmallPictures(new Thumbnails(thumbnails, thumbnailEnds)),
      files: isSame ? before.files : new FilesAtHand(),
      classNames: isSame ? before.classNames : collection.classNames,
    };
    store.setState({
      ...nothingOpen,
      wanted: isSame ? store.getState().wanted : null,
      settings: collection.settings,
      open: withItems(shown, items),
      arranged: items.filter(({ failure }) => failure === null).map(({ index }) => index),
    });
    await voting.vote(true);
    return true;
  };

  const close = (): void => {
    store.getState().open?.pictures.close();
    rememberCollection(null);
    // There is nothing to present any more.
    if (app.getState().screen === 'recognise') app.getState().setPresenting(false);
    // The next one begins with the usual settings, not with those of this one.
    store.setState({ ...nothingOpen, settings: null, wanted: null, failure: null });
  };

  const openAnew = async (id: string): Promise<void> => {
    if (await openCollection(id)) return;
    const { open, failure } = store.getState();
    if (open?.kept.id !== id) return;
    open.pictures.close();
    store.setState({ ...nothingOpen, settings: null, wanted: null, failure });
  };

  return {
    async begin() {
      // Components may be mounted again; the list is read once a visit, and after each change.
      if (hasBegun) return;
      hasBegun = true;
      // What is dropped meanwhile waits for it.
      store.setState({ isOpening: true });
      await refresh();
      const last = recallCollection();
      const { list, open } = store.getState();
      const kept = list?.collections.find(({ id }) => id === last?.id);
      if (kept === undefined || open !== null) {
        store.setState({ isOpening: false });
        return;
      }
      await openCollection(kept.id);
      const isUnfinished = last !== null && last.wanted !== null && last.wanted > kept.items;
      if (isUnfinished && store.getState().gathering === null) store.setState({ wanted: last.wanted });
    },

    refresh,

    async openCollection(id) {
      rememberCollection({ id, wanted: null });
      await openCollection(id);
    },

    openAnew,

    async showChanged() {
      const { open, undo } = store.getState();
      // What is asked while it is read may be refused once more: another window may be changing it all the time.
      if (open === null || isReadingChanged) return;
      isReadingChanged = true;
      await openAnew(open.kept.id);
      isReadingChanged = false;
      // What was taken out can still be put back; classes of before are no longer known.
      const removals = undo.filter(({ kind }) => kind === 'removal');
      if (store.getState().open?.kept.id === open.kept.id)
        store.setState({ undo: removals, failure: { code: 'collection-changed' } });
    },

    closeCollection: close,

    async renameCollection(title) {
      const { open } = store.getState();
      const wanted = title.trim();
      if (open === null || wanted === '' || wanted === open.kept.title) return;
      const outcome = await client.call('renameCollection', { id: open.kept.id, title: wanted });
      if (!outcome.ok) {
        store.setState({ failure: outcome.error });
        return;
      }
      const { collection } = outcome.value;
      store.setState((state) =>
        state.open?.kept.id === collection.id ? { open: { ...state.open, kept: collection } } : {},
      );
      await refresh();
    },

    async removeCollection(collection) {
      const { say, announce } = app.getState();
      const title = collection.title ?? 'The collection';
      if (store.getState().open?.kept.id === collection.id) close();
      const outcome = await client.call('removeCollection', { id: collection.id });
      if (!outcome.ok) {
        say(`${title}: ${describeFailure(outcome.error)}`, 'warning');
        return;
      }
      store.setState({ list: outcome.value, listFailure: null });
      announce(`${title} is deleted, its small pictures too.`);
    },
  };
}
