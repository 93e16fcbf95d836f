import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Awaited, silenceTimeoutMs, watchStart } from './start-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a machine that slept gives the start its time again', () => {
  let clock = 0;
  const silent: Awaited[] = [];
  const watch = watchStart(
    (awaited) => silent.push(awaited),
    () => clock,
  );
  watch.hear({ stage: 'working', backend: 'webgpu' });
  // The machine slept for an hour; its timers continue where they stopped.
  clock = 3_600_000;
  vi.advanceTimersByTime(silenceTimeoutMs);
  expect(silent).toEqual([]);
  clock += silenceTimeoutMs;
  vi.advanceTimersByTime(silenceTimeoutMs);
  expect(silent).toEqual(['webgpu']);
});

test('a start that has ended is silent for good', () => {
  const onSilence = vi.fn<(awaited: Awaited) => void>();
  const watch = watchStart(onSilence, () => 0);
  watch.hear({ stage: 'backend' });
  watch.hear({ stage: 'working', backend: 'wasm' });
  watch.end();
  vi.advanceTimersByTime(10 * silenceTimeoutMs);
  expect(onSilence).not.toHaveBeenCalled();
});
