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

  /** A vote that goes on is not stopped: whoever teaches fast would never see one. The next change is kept meanwhile. */
  let isVoting = false;
  let mustVote = false;
  const voteAgain = async (): Promise<void> => {
    mustVote = true;
    if (isVoting) return;
    isVoting = true;
    try {
      while (mustVote) {
        mustVote = false;
        await voting.vote(false);
      }
    } finally {
      isVoting = false;
    }
  };

  const send = ({ kept: { id }, pictures }: OpenCollection, changes: readonly ClassChange[]) =>
    sent.then(async () => {
      const wanted = changes.map(({ index, after }) => ({ index, className: after }));
      const outcome = await client.call('setClasses', { id, changes: wanted });
      const { open } = store.getState();
      if (open?.pictures !== pictures) return;
      if (outcome.ok) {
        store.setState({ open: { ...open, kept: outcome.value.collection } });
        void voteAgain();
        return;
      }
      // What is shown is what is kept. A later change of the same photograph has its own answer.
      const back = changes.filter(({ index, after }) => open.items[index]?.className === after);
      const before = back.map((change) => ({ index: change.index, className: change.before }));
      store.setState({ open: withClasses(open, before), failure: outcome.error });
    });

  const apply = (changes: readonly ClassChange[]): void => {
    const { open } = store.getState();
    if (open === null || changes.length === 0) return;
    const wanted = changes.map(({ index, after }) => ({ index, className: after }));
    store.setState({ open: withClasses(open, wanted), failure: null });
    sent = send(open, changes);
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
      apply(changes);
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
      apply(last.map(({ index, before, after }) => ({ index, before: after, after: before })));
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
