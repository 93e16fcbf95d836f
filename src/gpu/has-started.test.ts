import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hasStarted, threadTimeoutMs } from './has-started.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function fakeThread() {
  const terminate = vi.fn<() => void>();
  return { thread: Object.assign(new EventTarget(), { terminate }) as unknown as Worker, terminate };
}

test('a thread that answers has started, and is left alone', async () => {
  const { thread, terminate } = fakeThread();
  const started = hasStarted(thread);
  thread.dispatchEvent(new Event('message'));
  expect(await started).toBe(true);
  await vi.advanceTimersByTimeAsync(2 * threadTimeoutMs);
  expect(terminate).not.toHaveBeenCalled();
});

test.each([
  ['fails', (thread: Worker) => thread.dispatchEvent(new Event('error'))],
  ['is silent for ever', () => vi.advanceTimersByTime(threadTimeoutMs)],
])('a thread that %s has not, and is ended', async (_, happen) => {
  const { thread, terminate } = fakeThread();
  const started = hasStarted(thread);
  happen(thread);
  expect(await started).toBe(false);
  expect(terminate).toHaveBeenCalledOnce();
});
