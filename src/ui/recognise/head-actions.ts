/**
 * What a linear classifier of the model in use says of a collection's photographs. It wants features of several blocks, which are not kept, so each
 * photograph has a pass of its own, one after the other, and only those can be asked whose files are at hand.
 */
import { isOfOnePhoto, type Failure } from '../../core/failure.ts';
import type { LikelyClass } from '../../core/linear-head.ts';
import { keyOfName } from '../../core/photograph-name.ts';
import type { ChosenClassifier, Classes } from '../engine/classes.ts';
import { countOf } from '../../core/count-of.ts';
import type { RecogniseConduct } from './recognise-conduct.ts';
import { nothingTold, type HeadAnswers, type OpenCollection } from './recognise-state.ts';

export interface HeadActions {
  /** These come before what waits already. Those that were told, or whose files are not at hand, are left out. */
  askHead(indices: readonly number[]): void;
  /** What was told stays. */
  cancelHead(): void;
}

/** So many classes are told of a photograph. */
const toldClasses = 5;
/** How often new answers are shown, ms. */
const showEveryMs = 250;

export function createHeadActions({ client, app, store }: RecogniseConduct, classes: Classes): HeadActions {
  const told = new Map<number, readonly LikelyClass[]>();
  const failed = new Map<number, Failure>();
  let waiting: number[] = [];
  let current: number | null = null;
  let done = 0;
  let controller: AbortController | null = null;
  let shownAt = 0;

  const chosen = (): ChosenClassifier | null => {
    const { used } = app.getState().models;
    return used === null ? null : (classes.store.getState().classifiers[used.key] ?? null);
  };

  const show = (change: Partial<HeadAnswers> = {}): void => {
    shownAt = Date.now();
    const asking =
      controller === null ? null : { done, total: done + waiting.length + (current === null ? 0 : 1) };
    store.setState(({ head }) => ({
      head: { ...head, told: new Map(told), failed: new Map(failed), asking, ...change },
    }));
  };

  const stop = (): void => {
    controller?.abort();
    controller = null;
    current = null;
    waiting = [];
  };

  /** Of another collection, another classifier or another model. */
  const forget = (): void => {
    stop();
    told.clear();
    failed.clear();
    store.setState({ head: { ...nothingTold, by: chosen() } });
  };
  store.subscribe(({ open }, before) => {
    if (open?.pictures !== before.open?.pictures) forget();
  });
  const forgetIfOther = (): void => {
    if (store.getState().head.by !== chosen()) forget();
  };
  classes.store.subscribe(forgetIfOther);
  app.subscribe(({ models }, before) => {
    if (models.used?.key !== before.models.used?.key) forget();
  });

  const askOne = async (
    open: OpenCollection,
    index: number,
    by: ChosenClassifier,
    signal: AbortSignal,
  ): Promise<Failure | null> => {
    const { used } = app.getState().models;
    const item = open.items[index];
    const photo = open.files.of(item);
    if (used === null || item === undefined || photo === null) return null;
    const outcome = await client.call(
      'classify',
      {
        model: { key: used.key, reference: used.reference },
        source: { id: `${open.kept.id} ${keyOfName(item)}`, photo },
        classifier: by.file,
        count: toldClasses,
      },
      { signal },
    );
    if (signal.aborted) return null;
    if (outcome.ok) {
      told.set(index, outcome.value.classes);
      store.setState(({ head }) =>
        head.origin === null ? { head: { ...head, origin: { madeOf: outcome.value.madeOf } } } : {},
      );
    } else if (isOfOnePhoto(outcome.error)) failed.set(index, outcome.error);
    else return outcome.error;
    return null;
  };

  const run = async (by: ChosenClassifier, mine: AbortController): Promise<void> => {
    let failure: Failure | null = null;
    while (failure === null) {
      const { open } = store.getState();
      const index = waiting.shift();
      if (index === undefined || open === null) break;
      current = index;
      if (Date.now() - shownAt >= showEveryMs) show();
      failure = await askOne(open, index, by, mine.signal);
      if (mine.signal.aborted) return;
      done += 1;
    }
    stop();
    show({ failure });
    if (failure === null && done > 1)
      app.getState().announce(`${by.name} has told ${countOf(done, 'photograph')}.`);
  };

  return {
    askHead(indices) {
      const by = chosen();
      const { open } = store.getState();
      if (by === null || open === null || app.getState().engine.status !== 'ready') return;
      const isAnswered = (index: number): boolean =>
        told.has(index) || failed.has(index) || index === current;
      const wanted = indices.filter(
        (index) => !isAnswered(index) && open.files.of(open.items[index]) !== null,
      );
      const first = new Set(wanted);
      waiting = [...wanted, ...waiting.filter((index) => !first.has(index))];
      if (controller !== null || waiting.length === 0) return;
      done = 0;
      controller = new AbortController();
      store.setState(({ head }) => ({ head: { ...head, by } }));
      show({ failure: null });
      void run(by, controller);
    },

    cancelHead() {
      stop();
      show();
    },
  };
}

/** How many photographs are told each class as the likeliest, the most frequent first. */
export function frequentClasses(
  told: HeadAnswers['told'],
): readonly { readonly name: string; readonly indices: readonly number[] }[] {
  const byName = new Map<string, number[]>();
  for (const [index, [likeliest]] of told) {
    if (likeliest === undefined) continue;
    const indices = byName.get(likeliest.name) ?? [];
    indices.push(index);
    byName.set(likeliest.name, indices);
  }
  return [...byName]
    .map(([name, indices]) => ({ name, indices: indices.toSorted((a, b) => a - b) }))
    .sort((a, b) => b.indices.length - a.indices.length || a.name.localeCompare(b.name));
}
