/** Teaching by example: gives photographs to classes, and takes that back. Everything is voted on anew at once. */
import { countOf } from '../kit/format.ts';
import type { CollectionActions } from './collection-actions.ts';
import type { RecogniseConduct } from './recognise-conduct.ts';
import { withClasses, type ClassChange, type OpenCollection } from './recognise-state.ts';
import type { Voting } from './voting.ts';

export interface ClassActions {
  /** Gives the selected photographs, or these, to a class; null takes them out of theirs. A new name makes a new class. */
  teach(className: string | null, indices?: readonly number[]): void;
  /** A class without photographs, until some are given to it. */
  addClass(name: string): void;
  undoTeaching(): void;
  /** Takes photographs out of the collection. The files stay where they are. */
  removeItems(indices: readonly number[]): Promise<void>;
}

const undoLimit = 100;

export function createClassActions(
  { client, app, store }: RecogniseConduct,
  voting: Voting,
  collections: CollectionActions,
): ClassActions {
  /** Changes reach the worker in the order in which they were made. */
  let sent: Promise<void> = Promise.resolve();
  /** What is shown of a collection that items are being removed from. Until the others are read again, an index may mean another photograph. */
  let outdated: OpenCollection['pictures'] | null = null;

  const mayChange = ({ pictures }: OpenCollection): boolean => {
    if (pictures !== outdated) return true;
    app
      .getState()
      .say('Photographs are being taken out of the collection. Try again in a moment.', 'warning');
    return false;
  };

  const send = (
    id: string,
    changes: readonly { readonly index: number; readonly className: string | null }[],
  ) =>
    sent.then(async () => {
      const outcome = await client.call('setClasses', { id, changes });
      const { open } = store.getState();
      if (open?.kept.id !== id) return;
      if (!outcome.ok) {
        store.setState({ failure: outcome.error });
        return;
      }
      store.setState({ open: { ...open, kept: outcome.value.collection } });
      await voting.vote(false);
    });

  const apply = (changes: readonly ClassChange[], to: 'before' | 'after'): void => {
    const { open } = store.getState();
    if (open === null || changes.length === 0) return;
    const wanted = changes.map((change) => ({ index: change.index, className: change[to] }));
    store.setState({ open: withClasses(open, wanted), failure: null });
    sent = send(open.kept.id, wanted);
  };

  return {
    teach(className, indices) {
      const { open, selected, undo } = store.getState();
      if (open === null || !mayChange(open)) return;
      const name = className === null ? null : className.trim();
      if (name === '') return;
      const changes = (indices ?? [...selected]).flatMap((index): ClassChange[] => {
        const item = open.items[index];
        if (item === undefined || item.failure !== null || item.className === name) return [];
        return [{ index, before: item.className, after: name }];
      });
      if (changes.length === 0) return;
      store.setState({ undo: [...undo, changes].slice(-undoLimit) });
      apply(changes, 'after');
      const what = countOf(changes.length, 'photograph');
      app.getState().announce(name === null ? `${what}: no class.` : `${what}: ${name}.`);
    },

    addClass(name) {
      const { open } = store.getState();
      const wanted = name.trim();
      if (open === null || wanted === '' || open.classNames.includes(wanted)) return;
      store.setState({ open: { ...open, classNames: [...open.classNames, wanted] } });
    },

    undoTeaching() {
      const { open, undo } = store.getState();
      const last = undo.at(-1);
      if (open === null || last === undefined || !mayChange(open)) return;
      store.setState({ undo: undo.slice(0, -1) });
      apply(last, 'before');
      app.getState().announce(`Undone: ${countOf(last.length, 'photograph')}.`);
    },

    async removeItems(indices) {
      const { open } = store.getState();
      if (open === null || indices.length === 0 || !mayChange(open)) return;
      outdated = open.pictures;
      await sent;
      const outcome = await client.call('removeItems', { id: open.kept.id, indices });
      if (!outcome.ok) {
        outdated = null;
        store.setState({ failure: outcome.error });
        return;
      }
      app.getState().announce(`${countOf(indices.length, 'photograph')} taken out.`);
      // The others are counted anew, so everything by index is read again.
      await Promise.all([collections.openCollection(open.kept.id), collections.refresh()]);
    },
  };
}
