/** What the engine's worker does for recognition: gathers photographs, and answers questions about those that are kept. */
import { FailureError, type Failure } from '../core/failure.ts';
import type { ModelDescription } from '../core/model.ts';
import type { ModelProgress } from '../core/progress.ts';
import {
  isSameSource,
  sourceOf,
  titleBeside,
  type FeatureSettings,
  type FeatureSource,
  type PooledFeatures,
} from '../core/recognition.ts';
import type { Result } from '../core/result.ts';
import type { FileStorage } from '../library/file-storage.ts';
import { KeptCollection } from '../library/kept-collection.ts';
import type { KeyedModel } from '../rpc/engine-contract.ts';
import type { CollectionList, RecogniseContract, StoredCollection } from '../rpc/recognise-contract.ts';
import { outcomeOf, type CallContext, type Handlers } from '../rpc/serve-calls.ts';
import { CollectionFeatures } from './collection-features.ts';
import type { Device } from './device-products.ts';
import { gatherFeatures, type ReadPhotograph } from './gather-features.ts';
import { KeptCollections } from './kept-collections.ts';
import {
  findLookAlikes,
  layOut,
  openProbe,
  trainProbeOf,
  voteOf,
  type Question,
} from './recognise-answers.ts';
import { valueOf } from './run-archive.ts';

/** What recognition needs of the worker that it is in. */
export interface RecogniseHost<Pixels> extends Device {
  readonly folders: Promise<FileStorage>;
  yieldToEventLoop(): Promise<void>;
  now(): number;
  today(): Date;
  /** Brings the model onto the device, where it is not there already. */
  bringModel(
    model: KeyedModel,
    options: { readonly signal: AbortSignal; onProgress(progress: ModelProgress): void },
  ): Promise<Result<{ readonly model: ModelDescription }, Failure>>;
  readPhotograph(photograph: Blob): Promise<Result<ReadPhotograph<Pixels>, Failure>>;
  /** Whether the picture's pixels say that it is this photograph's mask. */
  isMask(picture: Blob, photograph: Blob): Promise<boolean>;
  /** In its turn; a model that is no longer on the device is loaded again first. */
  pool(
    model: KeyedModel,
    pixels: Pixels,
    settings: FeatureSettings,
    signal: AbortSignal,
  ): Promise<Result<PooledFeatures, Failure>>;
}

type GatherRequest = RecogniseContract['gatherFeatures']['request'];
type GatherContext = CallContext<RecogniseContract['gatherFeatures']['progress']>;
type GatherResult = RecogniseContract['gatherFeatures']['result'];
type Removal = RecogniseContract['removeItems'];

/** A collection without its items, as it is after a change. */
interface Described {
  readonly collection: StoredCollection;
}

/** Names of collections that have not been there before. */
function createIds(): () => string {
  let made = 0;
  return () => {
    made += 1;
    return `collection-${Date.now().toString(36)}-${made}`;
  };
}

/** @throws FailureError 'collection-other-model' */
function checkModel({ facts }: KeptCollection, source: FeatureSource): void {
  if (!isSameSource(facts, source))
    throw new FailureError({ code: 'collection-other-model', modelTitle: titleBeside(facts, source) });
}

/** Collections as the page was told of them. Another window may have changed one since. */
class ToldCollections {
  private readonly told = new Map<string, KeptCollection>();

  tell(collection: KeptCollection): void {
    this.told.set(collection.id, collection);
  }

  /** The page shows one at a time. */
  tellOnly(collection: KeptCollection): void {
    this.told.clear();
    this.tell(collection);
  }

  /**
   * After items were removed an index means another photograph: the person would give classes to others than those that are shown.
   * @throws FailureError 'collection-changed'
   */
  checkIndices({ id, facts }: KeptCollection): void {
    if ((this.told.get(id) ?? { facts }).facts.data !== facts.data)
      throw new FailureError({ code: 'collection-changed' });
  }

  /** @returns whether the page knows all of it */
  async isKnown(collection: KeptCollection): Promise<boolean> {
    const told = this.told.get(collection.id);
    if (told === undefined || told === collection) return true;
    // Opened anew, since another one was in memory meanwhile.
    if (!(await told.isCurrent())) return false;
    this.tell(collection);
    return true;
  }

  /** An answer would be about photographs or classes that are not shown. @throws FailureError 'collection-changed' */
  async check(collection: KeptCollection): Promise<void> {
    if (!(await this.isKnown(collection))) throw new FailureError({ code: 'collection-changed' });
  }
}

class CollectionHandlers<Pixels> {
  private readonly host: RecogniseHost<Pixels>;
  private readonly collections: KeptCollections;
  private readonly features: CollectionFeatures;
  private readonly newId = createIds();
  private readonly told = new ToldCollections();

  constructor(host: RecogniseHost<Pixels>) {
    this.host = host;
    this.collections = new KeptCollections(host.folders);
    this.features = new CollectionFeatures(host);
  }

  async gather(request: GatherRequest, context: GatherContext): Promise<GatherResult> {
    const { into, model } = request;
    const { signal, onProgress } = context;
    const described = valueOf(
      await this.host.bringModel(model, {
        signal,
        onProgress: (progress) => onProgress({ stage: 'model', progress }),
      }),
    );
    const id = into.kind === 'kept' ? into.id : this.newId();
    const open = (folders: FileStorage): Promise<KeptCollection> =>
      this.openOrCreate(folders, id, request, described.model);
    return this.collections.gather(id, open, (collection) => this.gatherInto(collection, request, context));
  }

  private async openOrCreate(
    folders: FileStorage,
    id: string,
    { into, model }: GatherRequest,
    described: ModelDescription,
  ): Promise<KeptCollection> {
    const source = sourceOf(model.key, described);
    if (into.kind === 'kept') {
      const opened = await this.collections.open(id);
      checkModel(opened, source);
      this.told.checkIndices(opened);
      // Begun by an older version of the page.
      if (opened.facts.modelHash === null) await opened.change({ modelHash: source.modelHash });
      return opened;
    }
    const { title, settings } = into;
    const savedAt = this.host.today().toISOString();
    const facts = { title, settings, ...source, channels: described.embedDim, savedAt };
    return KeptCollection.create(folders, id, facts);
  }

  private async gatherInto(
    collection: KeptCollection,
    { into, model, photographs, leavesOutTooLarge }: GatherRequest,
    { signal, onProgress }: GatherContext,
  ): Promise<GatherResult> {
    const { host } = this;
    if (into.kind === 'new') this.told.tell(collection);
    onProgress({ stage: 'begun', collection: collection.describe() });
    const tools = {
      read: (photograph: Blob) => host.readPhotograph(photograph),
      isMask: (picture: Blob, photograph: Blob) => host.isMask(picture, photograph),
      pool: (pixels: Pixels, until: AbortSignal) =>
        host.pool(model, pixels, collection.facts.settings, until),
      yieldToEventLoop: () => host.yieldToEventLoop(),
      now: () => host.now(),
    };
    const options = { leavesOutTooLarge, signal, onProgress };
    const gathered = valueOf(await gatherFeatures(collection, photographs, tools, options));
    await collection.change({ savedAt: host.today().toISOString() });
    return { ...gathered, collection: collection.describe() };
  }

  list(): Promise<CollectionList> {
    return this.collections.list();
  }

  async openAll(id: string): Promise<RecogniseContract['openCollection']['result']> {
    const collection = await this.collections.open(id);
    this.told.tellOnly(collection);
    const { blob, ends } = await collection.readThumbnails();
    return {
      collection: collection.describe(),
      items: Array.from(ends, (_, index) => collection.describeItem(index)),
      thumbnails: blob,
      thumbnailEnds: ends,
    };
  }

  async setClasses({ id, changes }: RecogniseContract['setClasses']['request']): Promise<Described> {
    // At once, so that a vote that is asked meanwhile knows them.
    const opened = await this.collections.open(id);
    this.told.checkIndices(opened);
    await this.told.isKnown(opened);
    const given = opened.giveClasses(changes);
    let isTried = false;
    const keep = async (collection: KeptCollection): Promise<Described> => {
      this.told.checkIndices(collection);
      isTried = true;
      // Another one where another window has changed it.
      await collection.keepClasses(collection === opened ? given : collection.giveClasses(changes));
      return { collection: collection.describe() };
    };
    try {
      return await this.collections.change(id, keep);
    } catch (error) {
      // Another window has the lock.
      if (!isTried) opened.takeBackClasses(given);
      throw error;
    }
  }

  async removeItems({ id, indices }: Removal['request']): Promise<Removal['result']> {
    const removed = await this.collections.changeAlone(id, async (collection) => {
      this.told.checkIndices(collection);
      const items = await collection.readItems(indices);
      await collection.remove(indices);
      return items;
    });
    const left = await this.collections.open(id);
    this.told.tell(left);
    return { collection: left.describe(), removed };
  }

  putBack({ id, removed }: RecogniseContract['putBack']['request']): Promise<Described> {
    return this.collections.change(id, (collection) =>
      collection.whileOpen(() => {
        for (const { name, className, content } of removed)
          if (collection.find(name) === null) collection.append(name, className, content);
        return { collection: collection.describe() };
      }),
    );
  }

  rename({ id, title }: RecogniseContract['renameCollection']['request']): Promise<Described> {
    return this.collections.change(id, async (collection) => {
      await collection.change({ title });
      return { collection: collection.describe() };
    });
  }

  async remove(id: string): Promise<CollectionList> {
    await this.collections.remove(id);
    return this.collections.list();
  }

  async questionOf(id: string): Promise<Question> {
    const { features, host } = this;
    const collection = await this.collections.open(id);
    await this.told.check(collection);
    return { collection, features, host };
  }
}

export function createRecogniseHandlers<Pixels>(host: RecogniseHost<Pixels>): Handlers<RecogniseContract> {
  const own = new CollectionHandlers(host);
  const ask =
    <Request extends { readonly id: string }, Progress, Answer>(
      answer: (question: Question, request: Request, context: CallContext<Progress>) => Promise<Answer>,
    ) =>
    (request: Request, context: CallContext<Progress>): Promise<Result<Answer, Failure>> =>
      outcomeOf(context, async () => answer(await own.questionOf(request.id), request, context));

  return {
    listCollections: (_, context) => outcomeOf(context, () => own.list()),
    gatherFeatures: (request, context) => outcomeOf(context, () => own.gather(request, context)),
    openCollection: ({ id }, context) => outcomeOf(context, () => own.openAll(id)),
    setClasses: (request, context) => outcomeOf(context, () => own.setClasses(request)),
    removeItems: (request, context) => outcomeOf(context, () => own.removeItems(request)),
    putBack: (request, context) => outcomeOf(context, () => own.putBack(request)),
    renameCollection: (request, context) => outcomeOf(context, () => own.rename(request)),
    removeCollection: ({ id }, context) => outcomeOf(context, () => own.remove(id)),
    vote: ask(voteOf),
    trainProbe: ask(trainProbeOf),
    openProbe: ask(openProbe),
    lookAlikes: ask(findLookAlikes),
    layOut: ask(layOut),
  };
}
