import { createHash } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { elementCount, parameterShapes } from '../core/architecture.ts';
import { FailureError, type Failure } from '../core/failure.ts';
import { vitFixtures, type VitFixture } from '../testing/vit-fixtures.ts';
import { loadModel } from './load-model.ts';
import type { ModelCache, ModelSource } from './model-source.ts';
import type { ModelBytes } from '../core/model.ts';

const [fixture] = vitFixtures as [VitFixture, ...VitFixture[]];
const { architecture, parameters } = fixture;

const weights = Buffer.concat(
  [...parameters.values()].map(({ values }) => {
    const bytes = Buffer.alloc(values.length * 4);
    for (const [i, value] of values.entries()) bytes.writeFloatLE(value, i * 4);
    return bytes;
  }),
);
/** In the middle of a value, and of a tensor. */
const cut = 5001;
const shards: ReadonlyMap<string, Buffer> = new Map([
  ['one.bin', weights.subarray(0, cut)],
  ['two.bin', weights.subarray(cut)],
]);

/** model.json by hand; `shapes` other than the true ones must need as many bytes. */
function manifestText(
  options: { shapes?: [string, readonly number[]][]; architecture?: unknown } = {},
): string {
  const shapes = options.shapes ?? [...parameters].map(([name, { shape }]) => [name, shape] as const);
  return JSON.stringify({
    weightsManifest: [
      {
        paths: [...shards.keys()],
        weights: shapes.map(([name, shape]) => ({ name, shape, dtype: 'float32' })),
      },
    ],
    userDefinedMetadata: {
      dinoscope: {
        id: 'tiny',
        title: 'Tiny',
        architecture: options.architecture ?? architecture,
        shards: Object.fromEntries(
          [...shards].map(([path, bytes]) => [
            path,
            { byteLength: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
          ]),
        ),
      },
    },
  });
}

/** The bytes in pieces of 1000; `after` says what follows them instead of a good end. */
const inPieces = (bytes: Uint8Array, after?: Error): Response => {
  let offset = 0;
  return new Response(
    new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (offset < bytes.length)
          controller.enqueue(Uint8Array.from(bytes.subarray(offset, (offset += 1000))));
        else if (after === undefined) controller.close();
        else controller.error(after);
      },
    }),
  );
};

const unreachable = (path: string, status: number | null): FailureError =>
  new FailureError({ code: 'model-unreachable', url: `https://example.org/${path}`, status });

class MemoryCache implements ModelCache {
  readonly entries = new Map<string, Uint8Array>();
  match(key: string): Promise<Response | null> {
    const bytes = this.entries.get(key);
    return Promise.resolve(bytes === undefined ? null : inPieces(bytes));
  }
  put(key: string, bytes: Uint8Array): Promise<void> {
    this.entries.set(key, Uint8Array.from(bytes));
    return Promise.resolve();
  }
}

type Answer = () => Response | FailureError;

class MemorySource implements ModelSource {
  readonly cache: MemoryCache | null;
  readonly answers = new Map<string, Answer>([['model.json', () => new Response(manifestText())]]);
  fetched: string[] = [];

  constructor(cache: MemoryCache | null = null) {
    this.cache = cache;
    for (const [path, bytes] of shards) this.answers.set(path, () => inPieces(bytes));
  }

  fetch(path: string): Promise<Response> {
    this.fetched.push(path);
    const answer = this.answers.get(path)?.() ?? unreachable(path, 404);
    return answer instanceof Response ? Promise.resolve(answer) : Promise.reject(answer);
  }
}

const { signal } = new AbortController();
const ignore = (): void => {};
const whole = { ok: true, value: { id: 'tiny' } };

/** Loads and keeps what was reported on the way. */
async function loadWatched(source: ModelSource) {
  const reports: ModelBytes[] = [];
  const result = await loadModel(source, signal, (progress) => reports.push(progress));
  return { result, reports };
}

let source: MemorySource;
beforeEach(() => {
  source = new MemorySource();
});

describe('a whole model', () => {
  test('arrives with every value, its shapes and its counts', async () => {
    const result = await loadModel(source, signal, ignore);
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    const { id, title, parameterCount } = result.value;
    expect({ id, title, parameterCount }).toEqual({
      id: 'tiny',
      title: 'Tiny',
      parameterCount: weights.length / 4,
    });
    expect(result.value.architecture).toEqual(architecture);
    expect(result.value.parameters).toEqual(parameters);
  });

  test('is fetched once, file by file, whoever listens', async () => {
    await loadWatched(source);
    expect(source.fetched).toEqual(['model.json', 'one.bin', 'two.bin']);
  });

  test('is there only when the cache has it: a tab that is closed then has lost nothing', async () => {
    const slow = new MemoryCache();
    const keep = slow.put.bind(slow);
    let waiting = 0;
    slow.put = async (key, bytes) => {
      waiting++;
      await new Promise((resolve) => setTimeout(resolve, 20));
      await keep(key, bytes);
      waiting--;
    };
    expect(await loadModel(new MemorySource(slow), signal, ignore)).toMatchObject(whole);
    expect(waiting).toBe(0);
    expect(slow.entries.size).toBe(3);
  });

  test('comes while what came before it goes into the cache, one file after the other', async () => {
    const slow = new MemoryCache();
    const from = new MemorySource(slow);
    const keep = slow.put.bind(slow);
    let waiting = 0;
    const seen: [key: string | undefined, waiting: number, fetched: number][] = [];
    slow.put = async (key, bytes) => {
      waiting++;
      await new Promise((resolve) => setTimeout(resolve, 20));
      seen.push([key.split('?')[0], waiting, from.fetched.length]);
      await keep(key, bytes);
      waiting--;
    };
    expect(await loadModel(from, signal, ignore)).toMatchObject(whole);
    // Whichever of the two was whole first comes first.
    expect(new Set(seen.slice(0, 2).map(([key]) => key))).toEqual(new Set(['one.bin', 'two.bin']));
    expect(seen[2]?.[0]).toBe('model.json');
    expect(seen.map(([, ...counts]) => counts)).toEqual([
      [1, 3],
      [1, 3],
      [1, 3],
    ]);
  });

  test('is reported piece by piece, never backwards, up to all of its bytes', async () => {
    const { reports } = await loadWatched(source);
    const loaded = reports.map(({ loadedBytes }) => loadedBytes);
    expect(loaded[0]).toBe(1000);
    expect(loaded).toEqual(loaded.toSorted((a, b) => a - b));
    expect(loaded.at(-1)).toBe(weights.length);
    expect(new Set(reports.map(({ totalBytes }) => totalBytes))).toEqual(new Set([weights.length]));
    expect(reports.some(({ cached }) => cached)).toBe(false);
  });
});

test('the architecture is told before the first shard is asked for', async () => {
  const told: unknown[] = [];
  await loadModel(source, signal, ignore, (known) => told.push(known, [...source.fetched]));
  expect(told).toEqual([architecture, ['model.json']]);
  expect(source.fetched).toEqual(['model.json', ...shards.keys()]);
});

describe('a damaged shard is refused', () => {
  const flipped = (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes);
    copy[123] = (copy[123] ?? 0) ^ 1;
    return copy;
  };

  test.each<[string, (bytes: Buffer) => Response, RegExp]>([
    ['one bit that flipped', (bytes) => inPieces(flipped(bytes)), /SHA-256/],
    ['one byte too few', (bytes) => inPieces(bytes.subarray(1)), /has \d+ bytes instead of \d+/],
    [
      'one byte too many',
      (bytes) => inPieces(Buffer.concat([bytes, Buffer.alloc(1)])),
      /longer than \d+ bytes/,
    ],
    ['no body', () => new Response(null), /has 0 bytes instead of \d+/],
    ['a page instead of bytes', () => new Response('<!doctype html>'), /has 15 bytes instead of \d+/],
  ])('for %s', async (_, answer, problem) => {
    source.answers.set('two.bin', () => answer(shards.get('two.bin') ?? Buffer.alloc(0)));
    expect(await loadModel(source, signal, ignore)).toEqual({
      ok: false,
      error: {
        code: 'model-shard-damaged',
        path: 'two.bin',
        problem: expect.stringMatching(problem) as string,
      },
    });
  });

  test('and the rest of one that is too long is not waited for', async () => {
    let isStopped = false;
    const endless = (): Response =>
      new Response(
        new ReadableStream<Uint8Array>({
          pull: (controller) => controller.enqueue(new Uint8Array(4096)),
          cancel: () => {
            isStopped = true;
          },
        }),
      );
    source.answers.set('one.bin', endless);
    expect(await loadModel(source, signal, ignore)).toMatchObject({ error: { code: 'model-shard-damaged' } });
    expect(isStopped).toBe(true);
  });
});

describe('a connection that fails', () => {
  test.each(['model.json', 'one.bin', 'two.bin'])('with status 404 for %s is said as it is', async (path) => {
    source.answers.delete(path);
    expect(await loadModel(source, signal, ignore)).toEqual({
      ok: false,
      error: { code: 'model-unreachable', url: `https://example.org/${path}`, status: 404 },
    });
  });

  test.each(['model.json', 'one.bin'])('in the middle of %s is no answer', async (path) => {
    source.answers.set(path, () => inPieces(new Uint8Array(2500), new TypeError('network error')));
    expect(await loadModel(source, signal, ignore)).toEqual({
      ok: false,
      error: { code: 'model-unreachable', url: path, status: null },
    });
  });

  test('because of a bug in the source rejects with the bug', async () => {
    const broken: ModelSource = { cache: null, fetch: () => Promise.reject(new Error('a bug')) };
    await expect(loadModel(broken, signal, ignore)).rejects.toThrow('a bug');
  });
});

const otherParameters = manifestText({
  shapes: [...parameters].map(([name, { shape }]) => {
    if (name === 'norm.bias') return ['head.bias', shape];
    return name === 'cls_token' ? [name, [16, 1]] : [name, shape];
  }),
});

test.each<[string, string, Failure]>([
  ['it is no JSON', '<!doctype html>', { code: 'model-manifest-invalid', problem: 'model.json is not JSON' }],
  ['it is no model', '[]', { code: 'model-manifest-invalid', problem: 'model.json is not an object' }],
  [
    'no such architecture can be',
    manifestText({ architecture: { ...architecture, numHeads: 3 } }),
    { code: 'model-manifest-invalid', problem: 'embedDim 16 is not a multiple of numHeads 3' },
  ],
  [
    'its parameters are not those of its architecture, every difference being named',
    otherParameters,
    {
      code: 'model-parameters-mismatch',
      missing: ['norm.bias'],
      unexpected: ['head.bias'],
      misshaped: [{ name: 'cls_token', expected: [1, 1, 16], actual: [16, 1] }],
    },
  ],
])(
  'a model.json is refused before any shard is fetched or anything told because %s',
  async (_, text, error) => {
    source.answers.set('model.json', () => new Response(text));
    expect(
      await loadModel(source, signal, ignore, () => expect.unreachable('an architecture that is none')),
    ).toEqual({ ok: false, error });
    expect(source.fetched).toEqual(['model.json']);
  },
);

test('a model that no memory holds is refused', async () => {
  const vast = { ...architecture, embedDim: 16_384, depth: 256, mlpRatio: 64 };
  const shapes = [...parameterShapes(vast)];
  const needed = 4 * shapes.reduce((sum, [, shape]) => sum + elementCount(shape), 0);
  const [one = Buffer.alloc(0), two = Buffer.alloc(0)] = shards.values();
  const text = manifestText({ shapes, architecture: vast }).replace(
    `"byteLength":${one.length}`,
    `"byteLength":${needed - two.length}`,
  );
  source.answers.set('model.json', () => new Response(text));
  expect(await loadModel(source, signal, ignore)).toEqual({
    ok: false,
    error: {
      code: 'model-manifest-invalid',
      problem: `its weights take ${needed} bytes, more than there is memory for`,
    },
  });
});

describe('with a cache', () => {
  let cache: MemoryCache;
  beforeEach(async () => {
    cache = new MemoryCache();
    source = new MemorySource(cache);
    const first = await loadModel(source, signal, ignore);
    if (!first.ok) throw new Error(JSON.stringify(first.error));
    source.fetched = [];
  });

  const keyOf = (path: string): string =>
    [...cache.entries.keys()].find((key) => key.startsWith(path)) ??
    expect.unreachable(`no entry for ${path}`);

  test('a second load fetches the description and no shard, and says so', async () => {
    const { result, reports } = await loadWatched(source);
    expect(result).toMatchObject(whole);
    expect(source.fetched).toEqual(['model.json']);
    expect(reports.at(-1)).toEqual({ loadedBytes: weights.length, totalBytes: weights.length, cached: true });
    expect(reports.every(({ cached }) => cached)).toBe(true);
  });

  test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['flipped', (bytes) => bytes.map((byte, i) => (i === 4000 ? byte ^ 1 : byte))],
    ['shortened', (bytes) => bytes.subarray(0, 3000)],
    ['lengthened', (bytes) => Buffer.concat([bytes, bytes])],
  ])(
    'an entry that was %s is fetched again and mended, and progress does not run backwards',
    async (_, spoil) => {
      const key = keyOf('one.bin');
      const good = cache.entries.get(key) ?? new Uint8Array();
      cache.entries.set(key, spoil(good));
      const { result, reports } = await loadWatched(source);
      expect(result).toMatchObject(whole);
      expect(source.fetched).toEqual(['model.json', 'one.bin']);
      expect(cache.entries.get(key)).toEqual(good);
      const loaded = reports.map(({ loadedBytes }) => loadedBytes);
      expect(loaded).toEqual(loaded.toSorted((a, b) => a - b));
      expect(loaded.at(-1)).toBe(weights.length);
    },
  );

  test('an entry that cannot be read to its end is fetched again', async () => {
    const match = cache.match.bind(cache);
    cache.match = (key) =>
      key.startsWith('two.bin')
        ? Promise.resolve(inPieces(new Uint8Array(2000), new TypeError('Failed to read')))
        : match(key);
    expect(await loadModel(source, signal, ignore)).toMatchObject(whole);
    expect(source.fetched).toEqual(['model.json', 'two.bin']);
  });

  test('a damaged answer is not kept', async () => {
    cache.entries.delete(keyOf('two.bin'));
    source.answers.set('two.bin', () => inPieces(new Uint8Array(weights.length - cut)));
    expect(await loadModel(source, signal, ignore)).toMatchObject({ error: { code: 'model-shard-damaged' } });
    expect([...cache.entries.keys()].some((key) => key.startsWith('two.bin'))).toBe(false);
  });

  test.each([
    ['there is no network', (): FailureError => unreachable('model.json', null)],
    ['the server answers 500', (): FailureError => unreachable('model.json', 500)],
    ['the server has lost it', (): FailureError => unreachable('model.json', 404)],
    [
      'the connection breaks off',
      (): Response => inPieces(new Uint8Array(10), new TypeError('network error')),
    ],
  ])('the model loads from the cache where %s', async (_, answer) => {
    source.answers.clear();
    source.answers.set('model.json', answer);
    expect(await loadModel(source, signal, ignore)).toMatchObject(whole);
    expect(source.fetched).toEqual(['model.json']);
  });

  test.each([
    ['the page of a hotel’s network', '<!doctype html><title>Log in</title>'],
    ['a description whose shards cannot be had', manifestText().replaceAll(/"sha256":"../g, '"sha256":"00')],
  ])('%s does not take the place of the good description', async (_, text) => {
    source.answers.set('model.json', () => new Response(text));
    expect(await loadModel(source, signal, ignore)).toMatchObject({ ok: false });
    source.answers.clear();
    expect(await loadModel(source, signal, ignore)).toMatchObject(whole);
  });

  test('a new version of a shard is fetched, whatever the old one was called', async () => {
    const changed = Buffer.from(shards.get('one.bin') ?? []);
    changed.writeFloatLE(42, 0);
    const oldHash = createHash('sha256')
      .update(shards.get('one.bin') ?? '')
      .digest('hex');
    const newHash = createHash('sha256').update(changed).digest('hex');
    source.answers.set('model.json', () => new Response(manifestText().replace(oldHash, newHash)));
    source.answers.set('one.bin', () => inPieces(changed));
    const result = await loadModel(source, signal, ignore);
    expect(source.fetched).toEqual(['model.json', 'one.bin']);
    expect(result.ok && [...result.value.parameters.values()][0]?.values[0]).toBe(42);
    // Both versions are kept: the way back costs no download.
    source.fetched = [];
    source.answers.set('model.json', () => new Response(manifestText()));
    expect(await loadModel(source, signal, ignore)).toMatchObject(whole);
    expect(source.fetched).toEqual(['model.json']);
  });
});

describe('shards', () => {
  test('arrive one after the other, each while the one before is checked', async () => {
    const from = new MemorySource(new MemoryCache());
    const { digest } = crypto.subtle;
    const seen: string[] = [];
    from.answers.set('one.bin', () => {
      const pull = async (stream: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        seen.push(`one.bin is whole, asked for: ${from.fetched.join(', ')}`);
        stream.enqueue(Uint8Array.from(weights.subarray(0, cut)));
        stream.close();
      };
      return new Response(new ReadableStream({ pull }));
    });
    // The check of the first ends only when the second was asked for.
    vi.spyOn(crypto.subtle, 'digest').mockImplementation(async (algorithm, bytes) => {
      while (!from.fetched.includes('two.bin')) await new Promise((resolve) => setTimeout(resolve));
      return digest.call(crypto.subtle, algorithm, bytes);
    });
    onTestFinished(() => void vi.restoreAllMocks());
    expect(await loadModel(from, signal, ignore)).toMatchObject(whole);
    expect(seen).toEqual(['one.bin is whole, asked for: model.json, one.bin']);
  });

  test('that fail their check end the one that is on its way, and the failure is theirs', async () => {
    let stopped: AbortSignal | null = null;
    const from = new MemorySource();
    const own = from.fetch.bind(from);
    const hanging: ModelSource = {
      cache: null,
      fetch: (path, stop) => {
        if (path !== 'two.bin') return own(path);
        stopped = stop;
        return new Promise((_, reject) =>
          stop.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError'))),
        );
      },
    };
    from.answers.set('one.bin', () => inPieces(Buffer.alloc(cut)));
    expect(await loadModel(hanging, signal, ignore)).toMatchObject({
      ok: false,
      error: { code: 'model-shard-damaged', path: 'one.bin' },
    });
    expect(stopped).toMatchObject({ aborted: true });
  });

  test('leave nothing that listens to the signal, which may live on', async () => {
    const { signal: living } = new AbortController();
    expect(await loadModel(new MemorySource(), living, ignore)).toMatchObject(whole);
    const broken = new MemorySource();
    broken.answers.set('two.bin', () => unreachable('two.bin', 404));
    expect(await loadModel(broken, living, ignore)).toMatchObject({ ok: false });
    expect(getEventListeners(living, 'abort')).toEqual([]);
  });
});

describe('a cancelled load', () => {
  const cancelled = { ok: false, error: { code: 'cancelled' } };

  test.each([0, 1500, 6000, weights.length])('ends as cancelled at byte %i', async (at) => {
    const controller = new AbortController();
    if (at === 0) controller.abort();
    const result = await loadModel(source, controller.signal, ({ loadedBytes }) => {
      if (loadedBytes >= at) controller.abort();
    });
    expect(result).toEqual(cancelled);
  });

  test('ends as cancelled where the source rejects because of it', async () => {
    const controller = new AbortController();
    const waiting: ModelSource = {
      cache: new MemoryCache(),
      fetch: (_, { reason }: AbortSignal) => {
        controller.abort();
        return Promise.reject(reason as Error);
      },
    };
    expect(await loadModel(waiting, controller.signal, ignore)).toEqual(cancelled);
  });

  test('leaves nothing of the broken-off shard in the cache', async () => {
    const cache = new MemoryCache();
    const controller = new AbortController();
    const from = new MemorySource(cache);
    from.answers.set('two.bin', () => {
      const pull = async (stream: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
        stream.enqueue(Uint8Array.from(weights.subarray(cut, cut + 1000)));
        while (cache.entries.size === 0) await new Promise((resolve) => setTimeout(resolve));
        controller.abort();
      };
      return new Response(new ReadableStream({ pull }));
    });
    expect(await loadModel(from, controller.signal, ignore)).toEqual(cancelled);
    expect([...cache.entries.keys()].map((key) => key.split('?')[0])).toEqual(['one.bin']);
  });
});
