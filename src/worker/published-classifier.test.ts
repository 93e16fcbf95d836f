import { afterEach, expect, test, vi } from 'vitest';
import { catalogue } from '../catalogue/catalogue.ts';
import type { PublishedHead } from '../core/linear-head.ts';
import {
  fetchClassifier,
  keepClassifier,
  problemOfLength,
  type FetchedClassifier,
} from './published-classifier.ts';

const url = 'https://example.org/head.pth';
/** Two classes of three inputs: 8 numbers, 32 bytes. */
const head: PublishedHead = { url, classCount: 2, inputCount: 3, byteLength: null, sha256: null };
const layer = { classCount: 2, channels: 3 };
const weights = 'w'.repeat(40);
/** Of `weights`, by sha256sum. */
const weightsHash = '3242d89ad1b513e9093863238ccbb1edee18a537b79c811ac81b59bcbe17b07b';
const { signal } = new AbortController();
afterEach(() => vi.unstubAllGlobals());

function stub(answer: () => Promise<Response>, kept = new Map<string, Response>()) {
  let asked = 0;
  vi.stubGlobal('fetch', () => {
    asked += 1;
    return answer();
  });
  vi.stubGlobal('caches', {
    open: async () => ({
      match: async (key: string) => kept.get(key)?.clone(),
      put: async (key: string, response: Response) => void kept.set(key, response),
    }),
  });
  return { kept, asked: () => asked };
}

const fetched = async (what = head): Promise<FetchedClassifier> => {
  const outcome = await fetchClassifier(what, signal);
  return outcome.ok ? outcome.value : expect.unreachable(JSON.stringify(outcome.error));
};

const damage = (problem: string) => ({
  error: { code: 'download-damaged', host: 'example.org', what: 'classifier', problem },
});

test('a classifier that was opened is kept, and fetched once', async () => {
  const { asked } = stub(async () => new Response(weights));
  const first = await fetched();
  expect(first).toMatchObject({ sha256: weightsHash, isKept: false });
  // Nobody has opened it yet.
  await fetched();
  expect(asked()).toBe(2);
  await keepClassifier(head, first, layer);
  const again = await fetched();
  expect(again).toMatchObject({ sha256: weightsHash, isKept: true });
  expect(await again.file.text()).toBe(weights);
  expect(asked()).toBe(2);
});

test('what has not the length of its weights is thrown away', async () => {
  stub(async () => new Response('<html>Log in to this network</html>'));
  expect(await fetchClassifier({ ...head, inputCount: 30 }, signal)).toMatchObject(
    damage('its 35 bytes are too few for weights of 2 classes and 30 inputs'),
  );
  expect(problemOfLength(head, 2 ** 21)).toContain('are too many');
  expect(problemOfLength({ ...head, byteLength: 40 }, 41)).toBe('it has 41 bytes and not 40');
  expect(problemOfLength({ ...head, byteLength: 40 }, 40)).toBeNull();
});

test('weights of other shapes are not kept', async () => {
  const { kept } = stub(async () => new Response(weights));
  const outcome = await keepClassifier(head, await fetched(), { classCount: 2, channels: 4 });
  expect(outcome).toMatchObject(damage('its weights are [2, 4] and not [2, 3]'));
  expect(kept.size).toBe(0);
});

test('a later download must have the hash of the first, or the one that the catalogue has', async () => {
  const { kept } = stub(async () => new Response(weights));
  await keepClassifier(head, await fetched(), layer);
  kept.delete(url);
  await fetched();
  stub(async () => new Response('x'.repeat(40)), kept);
  expect(await fetchClassifier(head, signal)).toMatchObject({
    error: { code: 'download-damaged', problem: expect.stringContaining('as it did at the first') as string },
  });
  expect(await fetchClassifier({ ...head, sha256: 'abcdef01' }, signal)).toMatchObject({
    error: { code: 'download-damaged' },
  });
});

test('a kept file that was changed is fetched anew', async () => {
  const { kept, asked } = stub(async () => new Response(weights));
  await keepClassifier(head, await fetched(), layer);
  kept.set(url, new Response('w'.repeat(39), { headers: { 'x-sha256': weightsHash } }));
  expect(await (await fetched()).file.text()).toBe(weights);
  expect(asked()).toBe(2);
});

test('what is not there, and what was cancelled, is told and not kept', async () => {
  const { kept } = stub(async () => new Response('', { status: 404 }));
  expect(await fetchClassifier(head, signal)).toEqual({
    ok: false,
    error: { code: 'model-unreachable', url, status: 404 },
  });
  stub(() => Promise.reject(new TypeError('no network')));
  expect(await fetchClassifier(head, signal)).toMatchObject({ error: { status: null } });
  expect(await fetchClassifier(head, AbortSignal.abort())).toMatchObject({ error: { code: 'cancelled' } });
  expect(kept.size).toBe(0);
});

test('a browser without a cache fetches it each time', async () => {
  const { asked } = stub(async () => new Response(weights));
  vi.stubGlobal('caches', { open: () => Promise.reject(new DOMException('private window')) });
  await keepClassifier(head, await fetched(), layer);
  await fetched();
  expect(asked()).toBe(2);
});

test('the catalogue’s classifiers have the numbers of inputs that eval_linear.py and hub/classifiers.py make', () => {
  const inputs = catalogue.models.flatMap(({ classifiers, architecture: { embedDim } }) =>
    classifiers.map(({ inputCount, classCount }) => [inputCount / embedDim, classCount]),
  );
  // ViT-S: CLS of four blocks; ViT-B: CLS and mean patch; DINOv2: CLS of one and of four blocks, and the mean patch.
  expect(inputs).toEqual([4, 4, 2, 2, 2, 5].map((vectors) => [vectors, 1000]));
});
