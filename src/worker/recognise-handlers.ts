/** What the engine's worker does for recognition: gathers photographs, and answers questions about those that are kept. */
import { FailureError, type Failure } from '../core/failure.ts';
import type { ModelDescription } from '../core/model.ts';
import type { ModelProgress } from '../core/progress.ts';
import type { FeatureSettings, PooledFeatures } from '../core/recognition.ts';
import type { Result } from '../core/result.ts';
import type { FileStorage } from '../library/file-storage.ts';
import { KeptCollection } from '../library/kept-collection.ts';
import type { KeyedModel } from '../rpc/engine-contract.ts';
import type { RecogniseContract, StoredCollection } from '../rpc/recognise-contract.ts';
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

/** Names of collections that have not been there before. */
function createIds(): () => string {
  let made = 0;
  return () => {
    made += 1;
    return `collection-${Date.now().toString(36)}-${made}`;
  };
}

/** @throws FailureError 'collection-other-model' */
function checkModel({ facts }: KeptCollection, { key }: KeyedModel): void {
  const { modelKey, modelTitle } = facts;
  if (modelKey !== key) throw new FailureError({ code: 'collection-other-model', modelTitle });
}

/**
 * What the page was told of a collection's items counts until items are removed. A window that has not heard of it would give classes
 * to other photographs than the person means.
 */
class ToldItems {
  private readonly told = new Map<string, number>();

  tell({ id, facts }: KeptCollection): void {
    this.told.set(id, facts.data);
  }

  /** @throws FailureError 'collection-changed' */
  check({ id, facts }: KeptCollection): void {
    if ((this.told.get(id) ?? facts.data) !== facts.data)
      throw new FailureError({ code: 'collection-changed' });
  }
}

export function createRecogniseHandlers<Pixels>(host: RecogniseHost<Pixels>): Handlers<RecogniseContract> {
  const collections = new KeptCollections(host.folders);
  const features = new CollectionFeatures(host);
  const newId = createIds();
  const told = new ToldItems();

  const openOrCreate = async (
    folders: FileStorage,
    id: string,
    { into, model }: GatherRequest,
    { title: modelTitle, embedDim }: ModelDescription,
  ): Promise<KeptCollection> => {
    if (into.kind === 'kept') {
      const opened = await collections.open(id);
      checkModel(opened, model);
      told.check(opened);
      return opened;
    }
    const { title, settings } = into;
    const savedAt = host.today().toISOString();
    const facts = { title, settings, modelKey: model.key, modelTitle, channels: embedDim, savedAt };
    return KeptCollection.create(folders, id, facts);
  };

  const gather = async (request: GatherRequest, context: GatherContext): Promise<GatherResult> => {
    const { into, model, photographs } = request;
    const { signal, onProgress } = context;
    const described = valueOf(
      await host.bringModel(model, {
        signal,
        onProgress: (progress) => onProgress({ stage: 'model', progress }),
      }),
    );
    const id = into.kind === 'kept' ? into.id : newId();
    const open = (folders: FileStorage): Promise<KeptCollection> =>
      openOrCreate(folders, id, request, described.model);
    return collections.gather(id, open, async (collection) => {
      told.tell(collection);
      onProgress({ stage: 'begun', collection: collection.describe() });
      const tools = {
        read: (photograph: Blob) => host.readPhotograph(photograph),
        pool: (pixels: Pixels, until: AbortSignal) =>
          host.pool(model, pixels, collection.facts.settings, until),
        yieldToEventLoop: () => host.yieldToEventLoop(),
        now: () => host.now(),
      };
      const gathered = valueOf(await gatherFeatures(collection, photographs, tools, { signal, onProgress }));
      await collection.change({ savedAt: host.today().toISOString() });
      return { ...gathered, collection: collection.describe() };
    });
  };

  const ask =
    <Request extends { readonly id: string }, Progress, Answer>(
      answer: (question: Question, request: Request, context: CallContext<Progress>) => Promise<Answer>,
    ) =>
    (request: Request, context: CallContext<Progress>): Promise<Result<Answer, Failure>> =>
      outcomeOf(context, async () => {
        const collection = await collections.open(request.id);
        return answer({ collection, features, host }, request, context);
      });

  return {
    listCollections: (_, context) => outcomeOf(context, () => collections.list()),
    gatherFeatures: (request, context) => outcomeOf(context, () => gather(request, context)),
    openCollection: ask(async ({ collection }) => {
      told.tell(collection);
      const { blob, ends } = await collection.readThumbnails();
      return {
        collection: collection.describe(),
        items: Array.from(ends, (_, index) => collection.describeItem(index)),
        thumbnails: blob,
        thumbnailEnds: ends,
      };
    }),
    setClasses: ({ id, changes }, context) =>
      outcomeOf(context, async () => {
        // At once, so that a vote that is asked meanwhile knows them.
        const opened = await collections.open(id);
        told.check(opened);
        const given = opened.giveClasses(changes);
        let isTried = false;
        const keep = async (collection: KeptCollection): Promise<{ collection: StoredCollection }> => {
          told.check(collection);
          isTried = true;
          // Another one where another window has changed it.
          await collection.keepClasses(collection === opened ? given : collection.giveClasses(changes));
          return { collection: collection.describe() };
        };
        try {
          return await collections.change(id, keep);
        } catch (error) {
          // Another window has the lock.
          if (!isTried) opened.takeBackClasses(given);
          throw error;
        }
      }),
    removeItems: ({ id, indices }, context) =>
      outcomeOf(context, async () => {
        await collections.changeAlone(id, (collection) => {
          told.check(collection);
          return collection.remove(indices);
        });
        const left = await collections.open(id);
        told.tell(left);
        return { collection: left.describe() };
      }),
    renameCollection: ({ id, title }, context) =>
      outcomeOf(context, () =>
        collections.change(id, async (collection) => {
          await collection.change({ title });
          return { collection: collection.describe() };
        }),
      ),
    removeCollection: ({ id }, context) =>
      outcomeOf(context, async () => {
        await collections.remove(id);
        return collections.list();
      }),
    vote: ask(voteOf),
    trainProbe: ask(trainProbeOf),
    openProbe: ask(openProbe),
    lookAlikes: ask(findLookAlikes),
    layOut: ask(layOut),
  };
}
