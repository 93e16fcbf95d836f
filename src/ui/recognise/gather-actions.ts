/** Takes photographs into a collection: sends them to the worker, and goes on after a lost engine. */
import { describeFailure, isFinalFailure, type Failure } from '../../core/failure.ts';
import { isSameSource, sourceOf, titleBeside, type FeatureSettings } from '../../core/recognition.ts';
import { fail, type Result } from '../../core/result.ts';
import type { CollectionItem, GatheredPhotograph, RecogniseContract } from '../../rpc/recognise-contract.ts';
import { yieldToEventLoop } from '../../core/yield-to-event-loop.ts';
import { countOf } from '../../core/count-of.ts';
import { readableOf } from '../state/photo.ts';
import type { CollectionActions } from './collection-actions.ts';
import { FilesAtHand } from './files-at-hand.ts';
import { photographsOf, titleOf, withMasksGuessed } from './files-to-gather.ts';
import { GatheringSum, News } from './gathering-progress.ts';
import { GrowingCollection } from './growing-collection.ts';
import { rememberCollection } from './last-collection.ts';
import type { RecogniseConduct } from './recognise-conduct.ts';
import { isWithoutPhotographs, nothingOpen, type OpenCollection } from './recognise-state.ts';
import { settingsFor } from './usual-settings.ts';
import type { Voting } from './voting.ts';

export interface GatherActions {
  /**
   * Into the open collection, or into a new one. Folders name classes where the person left that on.
   * @param className for all of them, in place of their folders' names
   */
  gatherFiles(files: readonly File[], className?: string): Promise<void>;
  /** The photographs of the viewer's strip, without classes. */
  gatherStrip(): Promise<void>;
  /** What has come stays. */
  cancelGathering(): void;
  /** A new collection of the same photographs and classes, by the model in use, from the files at hand. */
  computeAnew(settings: FeatureSettings): Promise<void>;
  setSettings(settings: FeatureSettings): void;
  setTakesFolderNames(takesFolderNames: boolean): void;
}

type Gather = RecogniseContract['gatherFeatures'];
/** How a gathering ended. */
interface Ended {
  readonly result: Result<Gather['result'], Failure>;
  /** What the collection would have been called by its classes. */
  readonly titleBefore: string;
}

/** By what could be used of them, if anything could. */
function titleOfUsable(items: readonly CollectionItem[]): string {
  if (isWithoutPhotographs(items)) return countOf(items.length, 'file');
  return titleOf(items.filter(({ failure }) => failure === null));
}

/** Those that are at hand. */
const filesOf = ({ items, files }: OpenCollection): readonly GatheredPhotograph[] =>
  items.flatMap((item) => {
    const blob = files.of(item);
    return blob === null ? [] : [{ path: item.path, className: item.className, blob }];
  });

/** How often everybody is asked meanwhile, ms; and so many times longer than the last votes took. */
const voteEveryMs = 4000;
const voteShare = 10;

/** So many files are posted in 40 ms; ten thousand at once would stop the page for two seconds. */
const photographsPerCall = 200;

/** So often it goes on after a lost engine without a further photograph that can be used. */
const attemptsWithoutProgress = 2;

class Gatherer implements GatherActions {
  private readonly conduct: RecogniseConduct;
  private readonly voting: Voting;
  private readonly collections: CollectionActions;
  private readonly growing: GrowingCollection;
  private controller: AbortController | null = null;
  /** Before this time nobody is asked while photographs come. */
  private votesNotBefore = 0;

  constructor(conduct: RecogniseConduct, voting: Voting, collections: CollectionActions) {
    this.conduct = conduct;
    this.voting = voting;
    this.collections = collections;
    this.growing = new GrowingCollection(conduct);
  }

  async gatherFiles(files: readonly File[], className?: string): Promise<void> {
    // Listing them has taken the browser long enough.
    if (files.length > photographsPerCall) await yieldToEventLoop();
    const { takesFolderNames, open } = this.conduct.store.getState();
    const by =
      className !== undefined
        ? ({ by: 'name', name: className } as const)
        : takesFolderNames
          ? ({ by: 'folders' } as const)
          : ({ by: 'name', name: null } as const);
    const there = open === null ? [] : filesOf(open);
    await this.gather(withMasksGuessed(photographsOf(files, by), there));
  }

  async gatherStrip(): Promise<void> {
    const { order, photos } = this.conduct.app.getState();
    const photographs = readableOf(order, photos);
    await this.gather(photographs.map(({ name, blob }) => ({ path: name, className: null, blob })));
  }

  cancelGathering(): void {
    this.controller?.abort();
  }

  async computeAnew(settings: FeatureSettings): Promise<void> {
    const { open } = this.conduct.store.getState();
    if (open === null) return;
    const photographs = withMasksGuessed(filesOf(open));
    open.pictures.close();
    this.conduct.store.setState({ ...nothingOpen, wanted: null, settings });
    await this.gather(photographs, open.kept.title);
  }

  setSettings(settings: FeatureSettings): void {
    this.conduct.store.setState({ settings });
  }

  setTakesFolderNames(takesFolderNames: boolean): void {
    this.conduct.store.setState({ takesFolderNames });
  }

  private async gather(
    photographs: readonly GatheredPhotograph[],
    title = titleOf(photographs),
  ): Promise<void> {
    const { store, app } = this.conduct;
    const { say } = app.getState();
    if (photographs.length === 0) return void say('There is no photograph in that.', 'warning');
    if (store.getState().gathering !== null)
      return void say('Photographs are being taken in. Wait until they are there, or cancel.', 'warning');
    const controller = new AbortController();
    this.controller = controller;
    store.setState({
      gathering: { title, progress: null, waitsForEngine: false },
      failure: null,
      wanted: null,
    });
    const ended = await this.sendWhenReady(photographs, title, controller.signal).finally(() => {
      // Not after the votes: more can be dropped while they are counted.
      this.controller = null;
      store.setState({ gathering: null });
    });
    if (ended === null) return;
    await this.end(ended.result);
    await this.renameByClasses(ended.titleBefore);
  }

  /** @returns null where nothing was asked */
  private async sendWhenReady(
    photographs: readonly GatheredPhotograph[],
    title: string,
    signal: AbortSignal,
  ): Promise<Ended | null> {
    const { store, app } = this.conduct;
    // Dropped while the page starts: it waits for the model, and for the collection of the last visit, which it belongs to.
    if (app.getState().models.used === null) await this.whenReady(signal);
    if (store.getState().isOpening) await this.whenOpened();
    const request = signal.aborted ? null : this.requestFor(photographs, title);
    return request === null ? null : this.send(request, signal);
  }

  private whenOpened(): Promise<void> {
    return new Promise((resolve) => {
      const unsubscribe = this.conduct.store.subscribe(({ isOpening }) => {
        if (isOpening) return;
        unsubscribe();
        resolve();
      });
    });
  }

  /** @returns null where photographs cannot be added now; then the person was told why */
  private requestFor(photographs: readonly GatheredPhotograph[], title: string): Gather['request'] | null {
    const { store, app } = this.conduct;
    const { open, settings } = store.getState();
    const { used } = app.getState().models;
    // The page says why there is no engine.
    if (used === null) return null;
    const source = sourceOf(used.key, used.description);
    if (open !== null && !isSameSource(open.kept, source)) {
      const sentence = `“${open.kept.title}” was computed by ${titleBeside(open.kept, source)}. Use that model to add to it, or begin a new collection.`;
      app.getState().say(sentence, 'warning');
      return null;
    }
    // Without persistent storage the browser may delete the collection when the disk is full. The page can only ask.
    void navigator.storage?.persist?.().catch(() => false);
    const into =
      open === null
        ? ({ kind: 'new', title, settings: settingsFor(settings, used.description) } as const)
        : ({ kind: 'kept', id: open.kept.id } as const);
    const model = { key: used.key, reference: used.reference };
    return { into, model, photographs, leavesOutTooLarge: false };
  }

  /** Sends a few hundred after the other, so that the page goes on answering. */
  private async send(first: Gather['request'], signal: AbortSignal): Promise<Ended> {
    const { photographs } = first;
    const { open } = this.conduct.store.getState();
    const titleBefore = open === null ? titleOf(photographs) : titleOfUsable(open.items);
    let files = open?.files ?? new FilesAtHand();
    this.votesNotBefore = Date.now() + voteEveryMs;
    const sum = new GatheringSum(photographs.length);
    let into = first.into;
    let result: Ended['result'] = fail({ code: 'cancelled' });
    for (let at = 0; at < photographs.length; at += photographsPerCall) {
      const some = { ...first, into, photographs: photographs.slice(at, at + photographsPerCall) };
      files = await files.with(some.photographs);
      this.growing.showFiles(into, files);
      result = await this.sendSome(some, files, sum, signal);
      if (!result.ok || result.value.how === 'cancelled') break;
      into = { kind: 'kept', id: result.value.collection.id };
      sum.endPart();
    }
    return { result, titleBefore };
  }

  /** A title that was made of the classes is made anew; one that the person gave stays. */
  private async renameByClasses(titleBefore: string): Promise<void> {
    const { open } = this.conduct.store.getState();
    if (open !== null && open.kept.title === titleBefore)
      await this.collections.renameCollection(titleOfUsable(open.items));
  }

  /** Asks the worker, again where the engine was lost. */
  private async sendSome(
    first: Gather['request'],
    files: FilesAtHand,
    sum: GatheringSum,
    signal: AbortSignal,
  ): Promise<Result<Gather['result'], Failure>> {
    const news = new News((progress) => {
      this.growing.show(progress);
      void this.voteNowAndThen();
    });
    let request = first;
    let usable = 0;
    for (let idleAttempts = 0; ;) {
      const before = usable;
      const outcome = await this.conduct.client.call('gatherFeatures', request, {
        signal,
        awaitsWorker: true,
        onProgress: (progress) => {
          if (progress.stage === 'begun') {
            request = { ...request, into: { kind: 'kept', id: progress.collection.id } };
            this.growing.begin(progress.collection, files, sum.wantedIn(progress.collection));
          } else if (progress.stage === 'photographs') {
            usable = progress.done - progress.failed;
            news.add(sum.with(progress));
          }
        },
      });
      news.flush();
      idleAttempts = usable > before ? 0 : idleAttempts + 1;
      if (outcome.ok || signal.aborted || !this.mayGoOn(outcome.error)) return outcome;
      // A new engine has more room. What is too large for that one too costs itself, and not the rest.
      if (outcome.error.code === 'out-of-memory') request = { ...request, leavesOutTooLarge: true };
      if (idleAttempts > attemptsWithoutProgress || !(await this.whenReady(signal))) return outcome;
    }
  }

  /** The engine is replaced by itself after these. */
  private mayGoOn(failure: Failure): boolean {
    return isFinalFailure(failure) || failure.code === 'worker-stuck';
  }

  /** @returns whether the engine runs again; false where it failed for good, or the person cancelled */
  private whenReady(signal: AbortSignal): Promise<boolean> {
    const { app, store } = this.conduct;
    store.setState(({ gathering }) =>
      gathering === null ? {} : { gathering: { ...gathering, waitsForEngine: true } },
    );
    return new Promise((resolve) => {
      const settle = (isReady: boolean): void => {
        unsubscribe();
        signal.removeEventListener('abort', leave);
        store.setState(({ gathering }) =>
          gathering === null ? {} : { gathering: { ...gathering, waitsForEngine: false } },
        );
        resolve(isReady);
      };
      const leave = (): void => settle(false);
      const look = (): void => {
        const { status } = app.getState().engine;
        if (status !== 'starting') settle(status === 'ready');
      };
      const unsubscribe = app.subscribe(look);
      signal.addEventListener('abort', leave);
      look();
    });
  }

  /** What is there is voted on while the rest comes. With many, the votes take time from the photographs, so they are asked less often. */
  private async voteNowAndThen(): Promise<void> {
    if (Date.now() < this.votesNotBefore) return;
    this.votesNotBefore = Infinity;
    await this.voting.vote(false);
    const { value } = this.conduct.store.getState().votes;
    this.votesNotBefore = Date.now() + Math.max(voteEveryMs, voteShare * (value?.elapsedMs ?? 0));
  }

  private async end(ended: Result<Gather['result'], Failure>): Promise<void> {
    const { store, app } = this.conduct;
    const { announce } = app.getState();
    if (ended.ok) {
      const { collection, how } = ended.value;
      rememberCollection({ id: collection.id, wanted: null });
      const { open } = store.getState();
      if (open?.kept.id === collection.id) {
        store.setState({ open: { ...open, kept: collection } });
        if (open.items.length < collection.items) await this.growing.catchUp();
      }
      announce(
        `${how === 'finished' ? 'All there' : 'Cancelled'}: ${countOf(collection.items - collection.failed, 'photograph')}` +
          `${collection.failed === 0 ? '' : `, ${collection.failed} could not be used`}.`,
      );
    } else if (ended.error.code !== 'cancelled') {
      store.setState({ failure: ended.error });
      announce(describeFailure(ended.error));
    } else {
      const { open } = store.getState();
      if (open !== null) rememberCollection({ id: open.kept.id, wanted: null });
    }
    await Promise.all([this.voting.vote(true), this.collections.refresh()]);
  }
}

export function createGatherActions(
  conduct: RecogniseConduct,
  voting: Voting,
  collections: CollectionActions,
): GatherActions {
  const gatherer = new Gatherer(conduct, voting, collections);
  return {
    gatherFiles: (files, className) => gatherer.gatherFiles(files, className),
    gatherStrip: () => gatherer.gatherStrip(),
    cancelGathering: () => gatherer.cancelGathering(),
    computeAnew: (settings) => gatherer.computeAnew(settings),
    setSettings: (settings) => gatherer.setSettings(settings),
    setTakesFolderNames: (takes) => gatherer.setTakesFolderNames(takes),
  };
}
