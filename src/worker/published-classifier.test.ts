import { afterEach, expect, test, vi } from 'vitest';
import { fetchClassifier, forgetClassifier } from './published-classifier.ts';

const url = 'https://example.org/head.pth';
const { signal } = new AbortController();
afterEach(() => vi.unstubAllGlobals());

function stub(answer: () => Promise<Response>): { kept: Map<string, Response>; asked: () => number } {
  const kept = new Map<string, Response>();
  let asked = 0;
  vi.stubGlobal('fetch', () => {
    asked += 1;
    return answer();
  });
  vi.stubGlobal('caches', {
    open: async () => ({
      match: async (key: string) => kept.get(key)?.clone(),
      put: async (key: string, response: Response) => void kept.set(key, response),
      delete: async (key: string) => kept.delete(key),
    }),
  });
  return { kept, asked: () => asked };
}

const textOf = async (fetched: Awaited<ReturnType<typeof fetchClassifier>>): Promise<string> =>
  fetched.ok ? fetched.value.text() : expect.unreachable(JSON.stringify(fetched.error));

test('a classifier is fetched once, and again after it was forgotten', async () => {
  const { asked } = stub(async () => new Response('weights'));
  expect(await textOf(await fetchClassifier(url, signal))).toBe('weights');
  expect(await textOf(await fetchClassifier(url, signal))).toBe('weights');
  expect(asked()).toBe(1);
  await forgetClassifier(url);
  expect(await textOf(await fetchClassifier(url, signal))).toBe('weights');
  expect(asked()).toBe(2);
});

test('what is not there, and what was cancelled, is told and not kept', async () => {
  const { kept } = stub(async () => new Response('', { status: 404 }));
  expect(await fetchClassifier(url, signal)).toEqual({
    ok: false,
    error: { code: 'model-unreachable', url, status: 404 },
  });
  stub(() => Promise.reject(new TypeError('no network')));
  expect(await fetchClassifier(url, signal)).toMatchObject({ error: { status: null } });
  expect(await fetchClassifier(url, AbortSignal.abort())).toMatchObject({ error: { code: 'cancelled' } });
  expect(kept.size).toBe(0);
});

test('a browser without a cache fetches it each time', async () => {
  const { asked } = stub(async () => new Response('weights'));
  vi.stubGlobal('caches', { open: () => Promise.reject(new DOMException('private window')) });
  expect(await textOf(await fetchClassifier(url, signal))).toBe('weights');
  await forgetClassifier(url);
  expect(asked()).toBe(1);
});
