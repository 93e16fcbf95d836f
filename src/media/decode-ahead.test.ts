import { expect, test, vi } from 'vitest';
import type { Failure } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { createDecodeAhead } from './decode-ahead.ts';
import type { DecodedPhoto } from './decode-photo.ts';

interface Opened {
  readonly close: () => void;
  readonly result: Result<DecodedPhoto, Failure>;
}

function opened(): Opened {
  const close = vi.fn<() => void>();
  return { close, result: succeed({ close } as unknown as DecodedPhoto) };
}

const photo = new Blob(['a photograph']);
const first = { id: 'first', photo };
const second = { id: 'second', photo };
/** As often as promises may still call each other. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

test('what was begun is taken, opened once, and once only', async () => {
  const { result, close } = opened();
  const open = vi.fn<() => Promise<typeof result>>(() => Promise.resolve(result));
  const ahead = createDecodeAhead(open);
  ahead.begin(first);
  ahead.begin(first);
  expect(await ahead.take(first)).toBe(result);
  expect(open).toHaveBeenCalledTimes(1);
  await ahead.take(first);
  expect(open).toHaveBeenCalledTimes(2);
  expect(close).not.toHaveBeenCalled();
});

test.each(['take', 'begin'] as const)('%s of another photograph closes what was begun', async (method) => {
  const waiting = opened();
  const next = opened();
  const results = [waiting.result, next.result];
  const ahead = createDecodeAhead(() => Promise.resolve(results.shift() ?? next.result));
  ahead.begin(first);
  void ahead[method](second);
  await settle();
  expect(waiting.close).toHaveBeenCalledOnce();
  expect(next.close).not.toHaveBeenCalled();
});

test('a file that is broken is told of when its turn comes', async () => {
  const failure = fail<Failure>({ code: 'unreadable-file' });
  const ahead = createDecodeAhead(() => Promise.resolve(failure));
  ahead.begin(first);
  await settle();
  expect(await ahead.take(first)).toEqual(failure);
});

test('a crash while it was decoded is the crash of the photograph itself', async () => {
  const ahead = createDecodeAhead(() => Promise.reject(new RangeError('Array buffer allocation failed')));
  ahead.begin(first);
  await settle();
  await expect(ahead.take(first)).rejects.toThrow('allocation failed');
});

test('what nobody goes on with, since it was removed, is closed; what somebody goes on with is not', async () => {
  vi.useFakeTimers();
  try {
    const removed = opened();
    const wanted = opened();
    const results = [removed.result, wanted.result];
    const ahead = createDecodeAhead(() => Promise.resolve(results.shift() ?? wanted.result));
    ahead.begin(first);
    ahead.rest();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(removed.close).toHaveBeenCalledOnce();
    ahead.begin(second);
    ahead.rest();
    expect(await ahead.take(second)).toBe(wanted.result);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(wanted.close).not.toHaveBeenCalled();
  } finally {
    vi.useRealTimers();
  }
});
