import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failureOf } from '../core/failure.ts';
import { openBrowserSource } from './browser-source.ts';

const modelUrl = 'https://example.org/models/tiny/model.json';
const { signal } = new AbortController();
const fetchStub = vi.fn<typeof fetch>();

beforeEach(() => {
  fetchStub.mockReset();
  vi.stubGlobal('fetch', fetchStub);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** A Cache that keeps what is put into it, by address; `failing` makes every use of it reject. */
function stubCaches(): { failing: boolean } {
  const state = { failing: false };
  const entries = new Map<string, Response>();
  const unlessFailing = <T>(value: T): Promise<T> =>
    state.failing
      ? Promise.reject(new DOMException('no room', 'QuotaExceededError'))
      : Promise.resolve(value);
  vi.stubGlobal('caches', {
    open: () =>
      Promise.resolve({
        match: (key: URL) => unlessFailing(entries.get(key.href)?.clone()),
        put: async (key: URL, response: Response) => {
          await unlessFailing(null);
          entries.set(key.href, response);
        },
      }),
  });
  return state;
}

describe('fetching', () => {
  test('finds shards beside model.json and asks for the newest model.json', async () => {
    fetchStub.mockImplementation(() => Promise.resolve(new Response('x')));
    const source = await openBrowserSource(modelUrl);
    await source.fetch('model.json', signal);
    await source.fetch('a.bin', signal);
    expect(
      fetchStub.mock.calls.map(([url, options]) => [url instanceof URL ? url.href : url, options?.cache]),
    ).toEqual([
      [modelUrl, 'no-cache'],
      ['https://example.org/models/tiny/a.bin', 'no-store'],
    ]);
  });

  test.each([
    ['no answer', () => Promise.reject(new TypeError('Failed to fetch')), null],
    ['status 404', () => Promise.resolve(new Response('', { status: 404 })), 404],
    ['status 503', () => Promise.resolve(new Response('', { status: 503 })), 503],
  ])('tells of %s', async (_, answer, status) => {
    fetchStub.mockImplementation(answer);
    const source = await openBrowserSource(modelUrl);
    const error: unknown = await source.fetch('a.bin', signal).catch((reason: unknown) => reason);
    expect(failureOf(error)).toEqual({
      code: 'model-unreachable',
      url: 'https://example.org/models/tiny/a.bin',
      status,
    });
  });

  test('that was cancelled rejects with the reason, not as unreachable', async () => {
    const controller = new AbortController();
    fetchStub.mockImplementation(() => {
      controller.abort(new Error('cancelled here'));
      return Promise.reject(new TypeError('Failed to fetch'));
    });
    const source = await openBrowserSource(modelUrl);
    await expect(source.fetch('a.bin', controller.signal)).rejects.toThrow('cancelled here');
  });
});

describe('the cache', () => {
  test('is none where the browser has none, or does not open it', async () => {
    expect((await openBrowserSource(modelUrl)).cache).toBeNull();
    vi.stubGlobal('caches', { open: () => Promise.reject(new DOMException('private window')) });
    expect((await openBrowserSource(modelUrl)).cache).toBeNull();
  });

  test('gives back what was put in, and nothing else', async () => {
    stubCaches();
    const { cache } = await openBrowserSource(modelUrl);
    await cache?.put('a.bin?sha256=1', Uint8Array.of(1, 2, 3));
    expect(await (await cache?.match('a.bin?sha256=1'))?.arrayBuffer()).toEqual(
      Uint8Array.of(1, 2, 3).buffer,
    );
    expect(await cache?.match('a.bin?sha256=2')).toBeNull();
  });

  test('that has no room, or cannot be read, costs a download and nothing else', async () => {
    const state = stubCaches();
    const { cache } = await openBrowserSource(modelUrl);
    state.failing = true;
    await cache?.put('a.bin', Uint8Array.of(1));
    expect(await cache?.match('a.bin')).toBeNull();
  });
});
