import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Failure } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import type { DecodedPhoto } from './decode-photo.ts';
import { createDecodedPhotos, type DecodedPhotosOptions } from './decoded-photos.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const named = (id: string) => ({ id, photo: new Blob([id]) });
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

/** Photographs of 1,000 bytes each; the test decides when decoding ends. */
function setUp(options: DecodedPhotosOptions = {}) {
  const opened: { readonly end: (result?: Result<DecodedPhoto, Failure>) => void; isClosed: boolean }[] = [];
  const open = (): Promise<Result<DecodedPhoto, Failure>> =>
    new Promise((resolve) => {
      const one = {
        isClosed: false,
        end: (result?: Result<DecodedPhoto, Failure>) => {
          const close = (): void => void (one.isClosed = true);
          const photo = { sizePx: { height: 10, width: 25 }, close } as unknown as DecodedPhoto;
          resolve(result ?? succeed(photo));
        },
      };
      opened.push(one);
    });
  const photos = createDecodedPhotos(open, { budgetBytes: 2500, keepMs: 100, atOnce: 2, ...options });
  return { photos, opened, closed: () => opened.map(({ isClosed }) => isClosed) };
}

const nothing = (): Promise<string> => Promise.resolve('done');

test('a photograph that several ask for is decoded once', async () => {
  const { photos, opened } = setUp();
  photos.begin(named('a'));
  const asked = [
    photos.use(named('a'), 'now', nothing),
    photos.use(named('a'), 'when-free', nothing),
    photos.use(named('a'), 'when-free', nothing),
  ];
  expect(opened).toHaveLength(1);
  opened[0]?.end();
  expect(await Promise.all(asked)).toEqual(Array.from({ length: 3 }, () => succeed('done')));
  expect(await photos.use(named('a'), 'now', nothing)).toEqual(succeed('done'));
  expect(opened).toHaveLength(1);
});

test('it is closed when nobody has used it for a while, and not while somebody does', async () => {
  const { photos, opened, closed } = setUp();
  let finish = (): void => {};
  const long = photos.use(named('a'), 'now', () => new Promise<void>((resolve) => void (finish = resolve)));
  opened[0]?.end();
  await vi.advanceTimersByTimeAsync(1000);
  expect(closed()).toEqual([false]);
  finish();
  await long;
  await vi.advanceTimersByTimeAsync(99);
  await photos.use(named('a'), 'now', nothing);
  await vi.advanceTimersByTimeAsync(99);
  expect(closed()).toEqual([false]);
  await vi.advanceTimersByTimeAsync(1);
  expect(closed()).toEqual([true]);
  void photos.use(named('a'), 'now', nothing);
  expect(opened).toHaveLength(2);
});

test('beyond the budget the one that was used longest ago is closed', async () => {
  const { photos, opened, closed } = setUp();
  for (const id of ['a', 'b']) {
    const used = photos.use(named(id), 'now', nothing);
    opened.at(-1)?.end();
    await used;
  }
  await photos.use(named('a'), 'now', nothing);
  const third = photos.use(named('c'), 'now', nothing);
  opened[2]?.end();
  await third;
  await settle();
  expect(closed()).toEqual([false, true, false]);
});

test('the last one stays whatever its size, since it is needed next, and goes when another one has been used', async () => {
  const { photos, opened, closed } = setUp({ budgetBytes: 999 });
  const both = [photos.use(named('a'), 'now', nothing), photos.use(named('a'), 'now', nothing)];
  opened[0]?.end();
  await Promise.all(both);
  await settle();
  expect(closed()).toEqual([false]);
  const other = photos.use(named('b'), 'now', nothing);
  opened[1]?.end();
  await other;
  await settle();
  expect(closed()).toEqual([true, false]);
});

test('for the screen few are decoded at a time, the last that was asked for first; what computes does not wait', async () => {
  const { photos, opened } = setUp();
  const order: string[] = [];
  const ask = (id: string, urgency: 'now' | 'when-free') =>
    photos.use(named(id), urgency, async () => void order.push(id));
  const asked = ['a', 'b', 'c', 'd'].map((id) => ask(id, 'when-free'));
  expect(opened).toHaveLength(2);
  asked.push(ask('now', 'now'));
  expect(opened).toHaveLength(3);
  // A photograph that is already being decoded does not wait.
  asked.push(ask('now', 'when-free'));
  for (let next = 0; next < 5; next++) {
    opened[next]?.end();
    await settle();
  }
  await Promise.all(asked);
  expect(opened).toHaveLength(5);
  expect(order).toEqual(['a', 'b', 'now', 'now', 'd', 'c']);
});

test('a failure is told to all who wait, and is not kept', async () => {
  const { photos, opened } = setUp();
  const failure = fail({ code: 'unreadable-file' } as const);
  const asked = [photos.use(named('a'), 'now', nothing), photos.use(named('a'), 'now', nothing)];
  opened[0]?.end(failure);
  expect(await Promise.all(asked)).toEqual([failure, failure]);
  const again = photos.use(named('a'), 'now', nothing);
  opened[1]?.end();
  expect(await again).toEqual(succeed('done'));
});

test('a bug in the decoder is thrown to whoever waits, and not kept', async () => {
  const bug = new Error('a bug');
  const open = vi.fn<() => Promise<Result<DecodedPhoto, Failure>>>(() => Promise.reject(bug));
  const photos = createDecodedPhotos(open);
  photos.begin(named('a'));
  await expect(photos.use(named('a'), 'now', nothing)).rejects.toBe(bug);
  await expect(photos.use(named('a'), 'now', nothing)).rejects.toBe(bug);
  expect(open).toHaveBeenCalledTimes(2);
});

test('a bug in what is done with one photograph leaves it to the others', async () => {
  const { photos, opened } = setUp();
  const wrong = photos.use(named('a'), 'now', () => Promise.reject(new Error('a bug')));
  opened[0]?.end();
  await expect(wrong).rejects.toThrow('a bug');
  expect(await photos.use(named('a'), 'now', nothing)).toEqual(succeed('done'));
  expect(opened).toHaveLength(1);
});
