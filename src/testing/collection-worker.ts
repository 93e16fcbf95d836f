/** The worker's answers about collections for its tests: on the cpu back end, in memory, by features that a file names itself. */
import type { Failure } from '../core/failure.ts';
import type { PooledFeatures } from '../core/recognition.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { createMemoryStorage } from '../library/file-storage.ts';
import type { KeyedModel } from '../rpc/engine-contract.ts';
import type { GatheredPhotograph, GatherProgress, RecogniseContract } from '../rpc/recognise-contract.ts';
import { createSerialQueue } from '../rpc/serial-queue.ts';
import { createRecogniseHandlers, type RecogniseHost } from '../worker/recognise-handlers.ts';

/** A file's two numbers. */
type Pixels = readonly [number, number];

export const model: KeyedModel = { key: 'tiny', reference: { kind: 'tfjs', url: 'none' } };
export const settings = { block: 1, framing: 'square', sidePx: 32 } as const;

export const valueOf = <T>(result: Result<T, Failure>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
};

/** CLS says where it lies, the mean lies across, and GeM is CLS again. */
const featuresOf = ([x, y]: Pixels): PooledFeatures => ({
  cls: Float32Array.of(x, y),
  mean: Float32Array.of(-y, x),
  gem: Float32Array.of(x, y),
});

export const quiet = { signal: new AbortController().signal, onProgress: () => undefined };

export const photograph = (
  path: string,
  text: string,
  className: string | null = null,
): GatheredPhotograph => ({
  path,
  className,
  blob: new File([text], path, { lastModified: 7 }),
});

/** Two classes that lie apart, and one photograph that has no class. */
export const some = [
  photograph('mugs/a.jpg', '1 0', 'mug'),
  photograph('mugs/b.jpg', '9 1', 'mug'),
  photograph('mugs/c.jpg', '8 2', 'mug'),
  photograph('others/a.jpg', '0 1', 'other'),
  photograph('others/b.jpg', '1 9', 'other'),
  photograph('others/c.jpg', '2 8', 'other'),
  photograph('d.jpg', '3 1'),
];

type Into = RecogniseContract['gatherFeatures']['request']['into'];
export const anew = { kind: 'new', title: 'Mugs', settings } as const;

let opening: Promise<Result<OpenBackend, Failure>> | null = null;

/** A test may change what it has before it asks. */
export class CollectionWorker {
  readonly folders = createMemoryStorage('refused');
  readonly enqueue = createSerialQueue();
  readonly host: RecogniseHost<Pixels>;
  handlers: ReturnType<typeof createRecogniseHandlers<Pixels>>;
  /** The model's. */
  hash = 'ab12';
  news: GatherProgress[] = [];
  onNews: (progress: GatherProgress) => void = () => undefined;
  /** What the device is asked for, and whatever it says against it. */
  pooled: string[] = [];
  refuse: (pixels: Pixels) => Failure | null = () => null;

  static async open(): Promise<CollectionWorker> {
    opening ??= openBackend('cpu', null);
    return new CollectionWorker(valueOf(await opening));
  }

  private constructor(backend: OpenBackend) {
    this.host = this.hostOn(backend);
    this.handlers = createRecogniseHandlers(this.host);
  }

  gather(photographs: readonly GatheredPhotograph[], into: Into = anew, signal?: AbortSignal) {
    return this.handlers.gatherFeatures(
      { into, model, photographs, leavesOutTooLarge: false },
      this.listening(signal),
    );
  }

  async gathered(photographs: readonly GatheredPhotograph[], into: Into = anew) {
    return valueOf(await this.gather(photographs, into));
  }

  async opened(id: string) {
    return valueOf(await this.handlers.openCollection({ id }, quiet));
  }

  async voted(id: string, k = 20) {
    return valueOf(await this.handlers.vote({ id, feature: 'cls', k }, quiet));
  }

  photographNews() {
    return this.news.flatMap((each) => (each.stage === 'photographs' ? [each] : []));
  }

  listening(signal = quiet.signal) {
    return {
      signal,
      onProgress: (progress: GatherProgress) => {
        this.news.push(progress);
        this.onNews(progress);
      },
    };
  }

  private hostOn(backend: OpenBackend): RecogniseHost<Pixels> {
    return {
      folders: Promise.resolve(this.folders),
      enqueue: (...work) => this.enqueue(...work),
      faults: () => backend.faults,
      yieldToEventLoop: () => new Promise((resolve) => setImmediate(resolve)),
      now: () => performance.now(),
      today: () => new Date('2026-11-29T02:00:00Z'),
      bringModel: () =>
        Promise.resolve(
          succeed({
            model: {
              id: 'tiny',
              title: 'Tiny',
              hash: this.hash,
              embedDim: 2,
              depth: 1,
              numHeads: 1,
              patchSizePx: 4,
              numRegisters: 0,
              parameterCount: 1,
            },
          }),
        ),
      readPhotograph: async (blob) => {
        const text = await blob.text();
        if (text === '') return fail({ code: 'empty-file' });
        if (text === 'moved') return fail({ code: 'unreadable-file' });
        const [x = NaN, y = NaN] = text.split(' ').map(Number);
        if (Number.isNaN(x)) return fail({ code: 'not-an-image' });
        return succeed({ pixels: [x, y] as const, thumbnail: Uint8Array.of(x, y), thumbnailMs: 1 });
      },
      isMask: async (picture, photo) => (await picture.text()) === `mask of ${await photo.text()}`,
      pool: (_, pixels, __, signal) =>
        this.enqueue(() => {
          this.pooled.push(pixels.join(' '));
          const failure = signal.aborted ? ({ code: 'cancelled' } as const) : this.refuse(pixels);
          return Promise.resolve(failure === null ? succeed(featuresOf(pixels)) : fail(failure));
        }),
    };
  }
}
