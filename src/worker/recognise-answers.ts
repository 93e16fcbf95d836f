/** Answers to questions about a collection. Large products are computed on the device, the rest by plain loops. */
import { FailureError } from '../core/failure.ts';
import { loadScript } from '../core/script.ts';
import { isSameSource, titleBeside, type Neighbours } from '../core/recognition.ts';
import type { KeptCollection } from '../library/kept-collection.ts';
import { plainDots } from '../recognise/dot-products.ts';
import type { FeatureVectors } from '../recognise/feature-vectors.ts';
import { accuracyOf, countConfusion, findNeighbours, vote } from '../recognise/knn.ts';
import { layOutByAxes } from '../recognise/layout.ts';
import { applyProbe, classesOfShares } from '../recognise/linear-probe.ts';
import { groupLookAlikes, usualThreshold } from '../recognise/look-alikes.ts';
import { readProbeFile, writeProbeFile } from '../recognise/probe-file.ts';
import { rowsOf, trainProbe } from '../recognise/train-probe.ts';
import type { RecogniseContract } from '../rpc/recognise-contract.ts';
import type { CallContext } from '../rpc/serve-calls.ts';
import { classesOf, type CollectionFeatures } from './collection-features.ts';
import { deviceDots, deviceProbeProducts, type Device } from './device-products.ts';

export interface Question {
  readonly collection: KeptCollection;
  readonly features: CollectionFeatures;
  readonly host: Device & { yieldToEventLoop(): Promise<void>; now(): number };
}

type Request<M extends keyof RecogniseContract> = RecogniseContract[M]['request'];
type Context<M extends keyof RecogniseContract> = CallContext<RecogniseContract[M]['progress']>;
type Answer<M extends keyof RecogniseContract> = Promise<RecogniseContract[M]['result']>;

/** Between two pieces of work: messages are heard, and an abort ends it. */
async function pause({ host }: Question, signal: AbortSignal): Promise<void> {
  await host.yieldToEventLoop();
  signal.throwIfAborted();
}

const shareListener =
  (question: Question, { signal, onProgress }: CallContext<{ readonly share: number }>) =>
  async (share: number): Promise<void> => {
    onProgress({ share });
    await pause(question, signal);
  };

/** @throws the signal's reason at once where it is aborted; `work` goes on */
const unlessAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });

export async function voteOf(
  question: Question,
  { feature, k }: Request<'vote'>,
  context: Context<'vote'>,
): Answer<'vote'> {
  const { collection, features, host } = question;
  const start = host.now();
  const listen = shareListener(question, context);
  const { classNames, classes, neighbours } = await features.nearestLabelled(collection, feature, k, listen);
  const { predictions, shares } = vote(neighbours, classes, classNames.length);
  return {
    classNames,
    predictions,
    shares,
    neighbours,
    // Where there is one class, no vote could be wrong.
    accuracy: classNames.length < 2 ? null : accuracyOf(predictions, classes),
    confusion: countConfusion(predictions, classes, classNames.length),
    elapsedMs: host.now() - start,
  };
}

/** k-NN's accuracy on items that were held out, by the votes of those that were not. */
async function knnAccuracyOf(
  vectors: FeatureVectors,
  classes: ArrayLike<number>,
  classCount: number,
  { trained, heldOut }: { readonly trained: readonly number[]; readonly heldOut: readonly number[] },
  k: number,
  question: Question,
  signal: AbortSignal,
): Promise<number | null> {
  const classOf = (items: readonly number[]): number[] => items.map((item) => classes[item] as number);
  const [queries, bank] = [rowsOf(vectors, heldOut), rowsOf(vectors, trained)];
  const { dots, dispose } = await deviceDots(queries, bank, question.host);
  try {
    const neighbours = await findNeighbours({
      queries: queries.count,
      bank: bank.count,
      k,
      dots,
      afterBlock: () => pause(question, signal),
    });
    const { predictions } = vote(neighbours, classOf(trained), classCount);
    return accuracyOf(predictions, classOf(heldOut));
  } finally {
    dispose();
  }
}

/** Items without features get nothing. */
function withoutFailed(
  shares: Float32Array<ArrayBuffer>,
  hasFeatures: readonly boolean[],
  classCount: number,
): { readonly shares: Float32Array<ArrayBuffer>; readonly predictions: Int32Array<ArrayBuffer> } {
  const predictions = classesOfShares(shares, classCount);
  for (const [item, has] of hasFeatures.entries()) {
    if (has) continue;
    predictions[item] = -1;
    shares.fill(0, item * classCount, (item + 1) * classCount);
  }
  return { shares, predictions };
}

/** The page asks only where two classes have items. */
function assertTwoClasses(classes: Int32Array): void {
  if (new Set(classes.filter((own) => own >= 0)).size < 2)
    throw new FailureError({
      code: 'probe-invalid',
      problem: 'it needs photographs of at least two classes',
    });
}

export async function trainProbeOf(
  question: Question,
  { feature, heldOutShare, seed, k }: Request<'trainProbe'>,
  { signal, onProgress }: Context<'trainProbe'>,
): Answer<'trainProbe'> {
  const { collection, features, host } = question;
  const { classNames, classes, hasFeatures } = classesOf(collection);
  assertTwoClasses(classes);
  const vectors = features.vectorsOf(collection, feature);
  const classCount = classNames.length;
  const { productsOf, dispose } = deviceProbeProducts(classCount, host);
  try {
    const trained = await trainProbe(vectors, classes, classCount, {
      heldOutShare,
      seed,
      productsOf,
      afterStep: async (share, loss) => {
        onProgress({ share, loss });
        await pause(question, signal);
      },
    });
    const { probe, weightDecay, losses, heldOut, accuracy } = trained;
    const { settings, modelKey, modelHash, modelTitle } = collection.facts;
    return {
      classNames,
      ...withoutFailed(trained.shares, hasFeatures, classCount),
      accuracy,
      knnAccuracy: await knnAccuracyOf(vectors, classes, classCount, trained, k, question, signal),
      heldOut: heldOut.length,
      weightDecay,
      losses,
      file: writeProbeFile(probe, { classNames, feature, settings, modelKey, modelHash, modelTitle }),
    };
  } finally {
    dispose();
  }
}

export async function openProbe(
  { collection, features, host }: Question,
  { file }: Request<'openProbe'>,
): Answer<'openProbe'> {
  const { probe, facts } = await readProbeFile(file);
  const { feature, classNames } = facts;
  const { settings } = collection.facts;
  const isSame =
    isSameSource(facts, collection.facts) &&
    facts.settings.block === settings.block &&
    facts.settings.framing === settings.framing &&
    facts.settings.sidePx === settings.sidePx;
  const vectors = features.vectorsOf(collection, feature);
  if (!isSame || vectors.channels !== probe.channels)
    throw new FailureError({
      code: 'probe-invalid',
      problem: `it was made of other features (${titleBeside(facts, collection.facts)}, block ${facts.settings.block}, ${facts.settings.sidePx} px)`,
    });
  const { productsOf, dispose } = deviceProbeProducts(classNames.length, host);
  try {
    const shares = await applyProbe(probe, vectors, productsOf);
    return { classNames, feature, ...withoutFailed(shares, collection.haveFeatures(), classNames.length) };
  } finally {
    dispose();
  }
}

const indicesOf = (has: readonly boolean[]): number[] => [...has.keys()].filter((item) => has[item] === true);

async function nearestOf(
  vectors: FeatureVectors,
  of: number,
  count: number,
  has: readonly boolean[],
): Promise<Neighbours> {
  const found = await findNeighbours({
    queries: 1,
    bank: vectors.count,
    k: count,
    dots: plainDots(rowsOf(vectors, [of]), vectors),
    own: [of],
    counts: (item) => has[item] === true,
  });
  const there = found.items.indexOf(-1);
  const end = there < 0 ? count : there;
  return { k: end, items: found.items.slice(0, end), cosines: found.cosines.slice(0, end) };
}

export async function findLookAlikes(
  question: Question,
  { feature, of, count }: Request<'lookAlikes'>,
  context: Context<'lookAlikes'>,
): Answer<'lookAlikes'> {
  const { collection, features, host } = question;
  const vectors = features.vectorsOf(collection, feature);
  const has = collection.haveFeatures();
  const nearest = of === null || has[of] !== true ? null : await nearestOf(vectors, of, count, has);
  // It is found to its end, whoever asks: somebody who looks at one photograph after the other asks again and again.
  const found = features.groups(vectors, async () => {
    const there = indicesOf(has);
    const own = rowsOf(vectors, there);
    const least = usualThreshold(own);
    const { dots, dispose } = await deviceDots(own, own, host);
    try {
      const groups = await groupLookAlikes(own.count, dots, least, async (share) => {
        context.onProgress({ share });
        await host.yieldToEventLoop();
      });
      return { threshold: least, groups: groups.map((group) => group.map((at) => there[at] as number)) };
    } finally {
      dispose();
    }
  });
  const { groups, threshold } = await unlessAborted(found, context.signal);
  return { nearest, groups: groups.toSorted((a, b) => b.length - a.length), threshold };
}

/** Moves the middle to 0 and brings the farthest place along either axis to 1. */
function fitPlaces(places: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const ranges = [0, 1].map((axis) => {
    let [low, high] = [Infinity, -Infinity];
    for (let at = axis; at < places.length; at += 2) {
      low = Math.min(low, places[at] as number);
      high = Math.max(high, places[at] as number);
    }
    return { middle: (low + high) / 2, half: (high - low) / 2 };
  });
  const scale = Math.max(...ranges.map(({ half }) => half)) || 1;
  return places.map((value, at) => (value - (ranges[at % 2]?.middle ?? 0)) / scale);
}

async function umapPlaces(
  question: Question,
  vectors: FeatureVectors,
  seed: number,
  context: Context<'layOut'>,
): Promise<Float32Array<ArrayBuffer>> {
  const { layOutByUmap, umapNeighbours } = await loadScript(
    () => import('./umap-layout.ts'),
    import.meta.url,
  );
  const listen = shareListener(question, context);
  const { dots, dispose } = await deviceDots(vectors, vectors, question.host);
  try {
    const neighbours = await findNeighbours({
      queries: vectors.count,
      bank: vectors.count,
      k: Math.min(umapNeighbours, vectors.count) - 1,
      dots,
      own: Array.from({ length: vectors.count }, (_, item) => item),
      // Neighbours are about half of the work.
      afterBlock: (share) => listen(share / 2),
    });
    return await layOutByUmap(neighbours, vectors.count, seed, (share) => listen(0.5 + share / 2));
  } finally {
    dispose();
  }
}

/** UMAP has nothing to say about fewer. */
const fewestForUmap = 4;

export async function layOut(
  question: Question,
  { feature, method, seed }: Request<'layOut'>,
  context: Context<'layOut'>,
): Answer<'layOut'> {
  const { collection, features } = question;
  const all = features.vectorsOf(collection, feature);
  const has = collection.haveFeatures();
  const there = indicesOf(has);
  const vectors = rowsOf(all, there);
  const own =
    method === 'umap' && vectors.count >= fewestForUmap
      ? await umapPlaces(question, vectors, seed, context)
      : await layOutByAxes(vectors, () => pause(question, context.signal));
  const fitted = fitPlaces(own);
  const places = new Float32Array(all.count * 2).fill(NaN);
  for (const [at, item] of there.entries()) places.set(fitted.subarray(at * 2, at * 2 + 2), item * 2);
  return { places };
}
