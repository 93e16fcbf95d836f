/** Takes photographs into a collection, one after the other: decoded while the one before is computed, kept as soon as it is done. */
import { failsAlways, isModelFailure, isOfOnePhoto, type Failure } from '../core/failure.ts';
import { keyOfName, nameOfPhotograph } from '../core/photograph-name.ts';
import type { PooledFeatures } from '../core/recognition.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { failWith } from '../engine/out-of-memory.ts';
import type { KeptCollection, KeptContent } from '../library/kept-collection.ts';
import { createRateMeter } from '../library/rate-meter.ts';
import type { GatheredPhotograph, GatherProgress, GatherTimes } from '../rpc/recognise-contract.ts';

/** A decoded photograph, and its small picture where one could be made. */
export interface ReadPhotograph<Pixels> {
  readonly pixels: Pixels;
  /** JPEG, at most 96 px; null where the browser makes none. */
  readonly thumbnail: Uint8Array<ArrayBuffer> | null;
  readonly thumbnailMs: number;
}

export interface GatherTools<Pixels> {
  read(photograph: Blob): Promise<Result<ReadPhotograph<Pixels>, Failure>>;
  isMask(picture: Blob, photograph: Blob): Promise<boolean>;
  /** On the device, in its turn. */
  pool(pixels: Pixels, signal: AbortSignal): Promise<Result<PooledFeatures, Failure>>;
  yieldToEventLoop(): Promise<void>;
  now(): number;
}

interface GatherOptions {
  /** See the contract. */
  readonly leavesOutTooLarge: boolean;
  readonly signal: AbortSignal;
  onProgress(progress: Extract<GatherProgress, { stage: 'photographs' }>): void;
}

/** At most so many photographs are decoded ahead, and together at most so many bytes of files: a camera's takes 200 MB when it is decoded. */
const maxAhead = 3;
const maxAheadBytes = 4e6;

const progressEveryMs = 100;
/** A tab that is closed loses nothing of what was written; this is for a power failure. */
const flushEveryMs = 5000;

/** What is known of a photograph before it is read. 'to do': it is new, or has failed for a cause that may be gone. */
function whatIsKnown(
  collection: KeptCollection,
  photograph: GatheredPhotograph,
  { leavesOutTooLarge }: Pick<GatherOptions, 'leavesOutTooLarge'>,
): 'to do' | 'kept' | 'failed' {
  const index = collection.find(nameOfPhotograph(photograph));
  if (index === null) return 'to do';
  const { failure } = collection.describeItem(index);
  if (failure === null) return 'kept';
  const isLeftOut = leavesOutTooLarge && failure.code === 'out-of-memory';
  return failsAlways(failure) || isLeftOut ? 'failed' : 'to do';
}

/** One that was dropped twice is taken in once. */
const onceEach = (photographs: readonly GatheredPhotograph[]): readonly GatheredPhotograph[] => [
  ...new Map(photographs.map((each) => [keyOfName(nameOfPhotograph(each)), each])).values(),
];

type Read<Pixels> = (photograph: GatheredPhotograph) => ReturnType<GatherTools<Pixels>['read']>;

/** Reads what is a photograph; a mask that came beside one is told. */
const readerBy =
  <Pixels>({ read, isMask }: GatherTools<Pixels>): Read<Pixels> =>
  async ({ blob, mayBeMaskOf }) =>
    mayBeMaskOf !== undefined && (await isMask(blob, mayBeMaskOf.blob))
      ? fail({ code: 'mask-of-photograph', photographName: mayBeMaskOf.name })
      : read(blob);

/** Reads photographs in their order, some ahead. */
class ReadAhead<Pixels> {
  private readonly photographs: readonly GatheredPhotograph[];
  private readonly read: Read<Pixels>;
  private readonly begun: {
    readonly byteLength: number;
    readonly result: ReturnType<Read<Pixels>>;
  }[] = [];
  private readonly countAhead: number;
  private next = 0;

  constructor(photographs: readonly GatheredPhotograph[], read: Read<Pixels>, countAhead: number) {
    this.photographs = photographs;
    this.read = read;
    this.countAhead = countAhead;
  }

  /** Begins with those that have room. */
  private fill(count: number): void {
    let byteLength = this.begun.reduce((sum, each) => sum + each.byteLength, 0);
    while (this.begun.length < count) {
      const photograph = this.photographs[this.next];
      if (photograph === undefined) return;
      byteLength += photograph.blob.size;
      if (this.begun.length > 0 && byteLength > maxAheadBytes) return;
      const result = this.read(photograph);
      // Told where it is taken.
      result.catch(() => undefined);
      this.begun.push({ byteLength: photograph.blob.size, result });
      this.next += 1;
    }
  }

  async take(): Promise<Result<ReadPhotograph<Pixels>, Failure>> {
    this.fill(Math.max(1, this.countAhead));
    const first = this.begun.shift();
    if (first === undefined) throw new Error('more photographs are read than there are');
    // The others are decoded while this one is computed.
    this.fill(this.countAhead);
    try {
      return await first.result;
    } catch (error) {
      return failWith(error);
    }
  }
}

/** Collects what is told to the page, so that a fast device does not post hundreds of messages a second. */
class News {
  private added: {
    readonly item: ReturnType<KeptCollection['describeItem']>;
    readonly thumbnail: Blob | null;
  }[] = [];
  private toldAt = -Infinity;
  private done: number;
  private failed = 0;
  private readonly rate: ReturnType<typeof createRateMeter>;
  private readonly counts: { readonly known: number; readonly total: number };
  private readonly now: () => number;
  private readonly onProgress: GatherOptions['onProgress'];

  constructor(
    counts: { readonly known: number; readonly failed: number; readonly total: number },
    now: () => number,
    onProgress: GatherOptions['onProgress'],
  ) {
    this.counts = counts;
    this.done = counts.known;
    this.failed = counts.failed;
    this.now = now;
    this.rate = createRateMeter(now);
    this.onProgress = onProgress;
  }

  add(collection: KeptCollection, index: number, content: KeptContent): void {
    const thumbnail = 'failure' in content ? null : content.thumbnail;
    if ('failure' in content) this.failed += 1;
    this.done += 1;
    this.added.push({
      item: collection.describeItem(index),
      thumbnail: thumbnail === null ? null : new Blob([thumbnail], { type: 'image/jpeg' }),
    });
    if (this.now() - this.toldAt >= progressEveryMs) this.tell();
  }

  tell(): void {
    const { known, total } = this.counts;
    const { added, done, failed } = this;
    this.toldAt = this.now();
    this.added = [];
    const perSecond = this.rate.advance(done - known);
    this.onProgress({ stage: 'photographs', done, total, known, failed, perSecond, added });
  }
}

interface Gathered {
  readonly how: 'finished' | 'cancelled';
  readonly spent: GatherTimes;
}

class Gathering<Pixels> {
  private readonly collection: KeptCollection;
  private readonly tools: GatherTools<Pixels>;
  private spent: GatherTimes = { decodeMs: 0, featuresMs: 0, thumbnailMs: 0, storeMs: 0 };
  private flushedAt: number;

  constructor(collection: KeptCollection, tools: GatherTools<Pixels>) {
    this.collection = collection;
    this.tools = tools;
    this.flushedAt = tools.now();
  }

  private spend(on: keyof GatherTimes, sinceMs: number): void {
    this.spent = { ...this.spent, [on]: this.spent[on] + this.tools.now() - sinceMs };
  }

  /** @throws FailureError 'storage-full' and the like */
  async run(
    photographs: readonly GatheredPhotograph[],
    options: GatherOptions,
  ): Promise<Result<Gathered, Failure>> {
    const { collection, tools } = this;
    const { leavesOutTooLarge, signal, onProgress } = options;
    const knownOf = (photograph: GatheredPhotograph): ReturnType<typeof whatIsKnown> =>
      whatIsKnown(collection, photograph, options);
    const toDo = onceEach(photographs).filter((photograph) => knownOf(photograph) === 'to do');
    const known = photographs.length - toDo.length;
    const failed = photographs.filter((photograph) => knownOf(photograph) === 'failed').length;
    const news = new News({ known, failed, total: photographs.length }, tools.now, onProgress);
    news.tell();
    // With another one in memory one could not say which of them is too large.
    const ahead = new ReadAhead(toDo, readerBy(tools), leavesOutTooLarge ? 0 : maxAhead);
    for (const photograph of toDo) {
      await tools.yieldToEventLoop();
      if (signal.aborted) break;
      const content = await this.contentOf(ahead, signal);
      if (!content.ok) {
        const failure = content.error;
        if (leavesOutTooLarge && failure.code === 'out-of-memory') this.keep(photograph, { failure }, news);
        news.tell();
        if (failure.code === 'cancelled') break;
        return content;
      }
      this.keep(photograph, content.value, news);
    }
    news.tell();
    return succeed({ how: signal.aborted ? 'cancelled' : 'finished', spent: this.spent });
  }

  private keep(photograph: GatheredPhotograph, content: KeptContent, news: News): void {
    const { collection, tools } = this;
    const storeStart = tools.now();
    const index = collection.append(nameOfPhotograph(photograph), photograph.className, content);
    this.flushNowAndThen();
    this.spend('storeMs', storeStart);
    news.add(collection, index, content);
  }

  private flushNowAndThen(): void {
    if (this.tools.now() - this.flushedAt < flushEveryMs) return;
    this.collection.flush();
    this.flushedAt = this.tools.now();
  }

  /** @returns what is kept of the photograph; a failure where it is not the photograph's */
  private async contentOf(
    ahead: ReadAhead<Pixels>,
    signal: AbortSignal,
  ): Promise<Result<KeptContent, Failure>> {
    const { tools } = this;
    const decodeStart = tools.now();
    const read = await ahead.take();
    this.spend('decodeMs', decodeStart);
    if (!read.ok) return contentOfFailure(read.error);
    const { pixels, thumbnail, thumbnailMs } = read.value;
    this.spent = { ...this.spent, thumbnailMs: this.spent.thumbnailMs + thumbnailMs };
    const featuresStart = tools.now();
    const features = await tools.pool(pixels, signal);
    this.spend('featuresMs', featuresStart);
    if (features.ok) return succeed({ features: features.value, thumbnail });
    // The photograph has been read by now, so a file that fails is the model's, and would fail for all others too.
    return isModelFailure(features.error) ? fail(features.error) : contentOfFailure(features.error);
  }
}

const contentOfFailure = (failure: Failure): Result<KeptContent, Failure> =>
  isOfOnePhoto(failure) ? succeed({ failure }) : fail(failure);

/**
 * Those that the collection has already are left out.
 * @param collection whose files are open
 * @returns how it ended; a failure of the device or of the page, and then what was done before is kept
 * @throws FailureError 'storage-full' and the like, likewise
 */
export const gatherFeatures = <Pixels>(
  collection: KeptCollection,
  photographs: readonly GatheredPhotograph[],
  tools: GatherTools<Pixels>,
  options: GatherOptions,
): Promise<Result<Gathered, Failure>> => new Gathering(collection, tools).run(photographs, options);
