/** Teaching by example: gives photographs to classes, and takes that back. Everything is voted on anew at once. */
import { countOf } from '../../core/count-of.ts';
import type { CollectionActions } from './collection-actions.ts';
import { describeProblems, readPastedClasses, type PastedClasses } from './pasted-classes.ts';
import type { RecogniseConduct } from './recognise-conduct.ts';
import { withClasses, type ClassChange, type OpenCollection, type UndoStep } from './recognise-state.ts';
import type { Voting } from './voting.ts';

export interface ClassActions {
  /** Gives the selected photographs, or these, to a class; null takes them out of theirs. A new name makes a new class. */
  teach(className: string | null, indices?: readonly number[]): void;
  /** Classes from a list, see `readPastedClasses`. Lines that give none are told; the others count. */
  pasteClasses(text: string): void;
  /** A class without photographs, until some are given to it. */
  addClass(name: string): void;
  /** Takes back the last change of classes, or puts back what was taken out last. */
  undoTeaching(): void;
  /** Takes photographs out of the collection. The files stay where they are. Undone, they come last. */
  removeItems(indices: readonly number[]): Promise<void>;
}

type Removed = Extract<UndoStep, { kind: 'removal' }>['removed'];

const undoLimit = 100;

/** Keeps changes in the order in which they were made. */
class Teacher implements ClassActions {
  private readonly conduct: RecogniseConduct;
  private readonly voting: Voting;
  private readonly collections: CollectionActions;
  private sent: Promise<void> = Promise.resolve();
  /** What is shown of a collection that items are being removed from. Until the others are read again, an index may mean another photograph. */
  private outdated: OpenCollection['pictures'] | null = null;
  private isVoting = false;
  private mustVote = false;

  constructor(conduct: RecogniseConduct, voting: Voting, collections: CollectionActions) {
    this.conduct = conduct;
    this.voting = voting;
    this.collections = collections;
  }

  teach(className: string | null, indices?: readonly number[]): void {
    const { store, app } = this.conduct;
    const { open, selected } = store.getState();
    if (open === null || !this.mayChange(open)) return;
    const name = className === null ? null : className.trim();
    if (name === '') return;
    const given = this.give((indices ?? [...selected]).map((index) => ({ index, className: name })));
    if (given === 0) return;
    const what = countOf(given, 'photograph');
    app.getState().announce(name === null ? `${what}: no class.` : `${what}: ${name}.`);
  }

  pasteClasses(text: string): void {
    const { store, app } = this.conduct;
    const { open, selected, arranged } = store.getState();
    if (open === null || !this.mayChange(open)) return;
    const shown = arranged.filter((index) => selected.has(index));
    const pasted = readPastedClasses(text, open.items, shown);
    const given = this.give(pasted.classes);
    const { say, announce } = app.getState();
    announce(`Classes from the list: ${countOf(given, 'photograph')} changed.`);
    const problems = describeProblems(pasted);
    if (problems !== null) say(problems, 'warning');
  }

  addClass(name: string): void {
    const { store, app } = this.conduct;
    const { open } = store.getState();
    const wanted = name.trim();
    if (open === null || wanted === '') return;
    const isThere = open.classNames.includes(wanted);
    if (!isThere) store.setState({ open: { ...open, classNames: [...open.classNames, wanted] } });
    app.getState().announce(isThere ? `There is a class ${wanted} already.` : `New class: ${wanted}.`);
  }

  undoTeaching(): void {
    const { store, app } = this.conduct;
    const { open, undo } = store.getState();
    const last = undo.at(-1);
    if (open === null || last === undefined || !this.mayChange(open)) return;
    store.setState({ undo: undo.slice(0, -1) });
    if (last.kind === 'removal') return void this.putBack(open, last.removed);
    const { changes } = last;
    this.apply(changes.map(({ index, before, after }) => ({ index, before: after, after: before })));
    app.getState().announce(`Undone: ${countOf(changes.length, 'photograph')}.`);
  }

  async removeItems(indices: readonly number[]): Promise<void> {
    const { store, app, client } = this.conduct;
    const { open } = store.getState();
    if (open === null || indices.length === 0 || !this.mayChange(open)) return;
    this.outdated = open.pictures;
    await this.sent;
    const outcome = await client.call('removeItems', { id: open.kept.id, indices });
    if (!outcome.ok && outcome.error.code === 'collection-busy') {
      this.outdated = null;
      store.setState({ failure: outcome.error });
      return;
    }
    if (outcome.ok)
      app.getState().announce(`${countOf(indices.length, 'photograph')} taken out. Z puts back.`);
    await this.readAnew(open.kept.id, outcome.ok ? outcome.value.removed : null);
    if (!outcome.ok) store.setState({ failure: outcome.error });
  }

  private async putBack({ kept: { id }, pictures }: OpenCollection, removed: Removed): Promise<void> {
    const { store, app, client } = this.conduct;
    // Until all is read again, nothing else is changed.
    this.outdated = pictures;
    await this.sent;
    const outcome = await client.call('putBack', { id, removed });
    if (outcome.ok) app.getState().announce(`${countOf(removed.length, 'photograph')} put back.`);
    await this.readAnew(id, outcome.ok ? null : removed);
    if (!outcome.ok) store.setState({ failure: outcome.error });
  }

  /**
   * The others are counted anew, so everything by index is read again, and changes of classes can no longer be undone. After a fault of
   * the disk nobody knows whether they are.
   * @param removed what can be put back, after what was taken out before
   */
  private async readAnew(id: string, removed: Removed | null): Promise<void> {
    const { store } = this.conduct;
    const before = store.getState().undo.filter(({ kind }) => kind === 'removal');
    const undo: UndoStep[] = removed === null ? before : [...before, { kind: 'removal', removed }];
    await Promise.all([this.collections.openAnew(id), this.collections.refresh()]);
    store.setState(({ open }) => (open?.kept.id === id ? { undo } : {}));
  }

  /** One step of what can be undone. @returns how many photographs have another class now */
  private give(wanted: PastedClasses['classes']): number {
    const { store } = this.conduct;
    const { open, undo } = store.getState();
    const changes = wanted.flatMap(({ index, className }): ClassChange[] => {
      const item = open?.items[index];
      if (item === undefined || item.failure !== null || item.className === className) return [];
      return [{ index, before: item.className, after: className }];
    });
    if (changes.length === 0) return 0;
    store.setState({ undo: [...undo, { kind: 'classes', changes } as const].slice(-undoLimit) });
    this.apply(changes);
    return changes.length;
  }

  private mayChange({ pictures }: OpenCollection): boolean {
    if (pictures !== this.outdated) return true;
    const { say } = this.conduct.app.getState();
    say('Photographs are being taken out of the collection. Try again in a moment.', 'warning');
    return false;
  }

  private apply(changes: readonly ClassChange[]): void {
    const { store } = this.conduct;
    const { open } = store.getState();
    if (open === null || changes.length === 0) return;
    const wanted = changes.map(({ index, after }) => ({ index, className: after }));
    store.setState({ open: withClasses(open, wanted), failure: null });
    this.sent = this.sent.then(() => this.send(open, changes));
  }

  private async send(
    { kept: { id }, pictures }: OpenCollection,
    changes: readonly ClassChange[],
  ): Promise<void> {
    const { store, client } = this.conduct;
    const wanted = changes.map(({ index, after }) => ({ index, className: after }));
    const outcome = await client.call('setClasses', { id, changes: wanted });
    const { open } = store.getState();
    if (open?.pictures !== pictures) return;
    if (outcome.ok) {
      store.setState({ open: { ...open, kept: outcome.value.collection } });
      void this.voteAgain();
      return;
    }
    // What is shown is what is kept. A later change of the same photograph has its own answer.
    const back = changes.filter(({ index, after }) => open.items[index]?.className === after);
    const before = back.map((change) => ({ index: change.index, className: change.before }));
    store.setState({ open: withClasses(open, before), failure: outcome.error });
  }

  /** A vote that goes on is not stopped: whoever teaches fast would never see one. The next change is kept meanwhile. */
  private async voteAgain(): Promise<void> {
    this.mustVote = true;
    if (this.isVoting) return;
    this.isVoting = true;
    try {
      while (this.mustVote) {
        this.mustVote = false;
        await this.voting.vote(false);
      }
    } finally {
      this.isVoting = false;
    }
  }
}

export function createClassActions(
  conduct: RecogniseConduct,
  voting: Voting,
  collections: CollectionActions,
): ClassActions {
  const teacher = new Teacher(conduct, voting, collections);
  return {
    teach: (className, indices) => teacher.teach(className, indices),
    pasteClasses: (text) => teacher.pasteClasses(text),
    addClass: (name) => teacher.addClass(name),
    undoTeaching: () => teacher.undoTeaching(),
    removeItems: (indices) => teacher.removeItems(indices),
  };
}
