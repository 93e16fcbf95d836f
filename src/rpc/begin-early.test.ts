import { expect, test } from 'vitest';
import { beginEarly } from './begin-early.ts';

class FakeWorker extends EventTarget {
  isTerminated = false;
  terminate(): void {
    this.isTerminated = true;
  }
}

/** @returns the script, and the workers that it has started */
function fakeScript(): [ReturnType<typeof beginEarly>, FakeWorker[]] {
  const started: FakeWorker[] = [];
  const start = (): Worker => {
    const worker = new FakeWorker();
    started.push(worker);
    return worker as unknown as Worker;
  };
  return [beginEarly({ start, isGone: () => Promise.resolve(true) }), started];
}

test('a worker begins before it is asked for, and whoever asks first gets it; the next gets another', async () => {
  const [script, started] = fakeScript();
  expect(started).toHaveLength(1);
  expect(script.start()).toBe(started[0]);
  expect(started).toHaveLength(1);
  expect(script.start()).toBe(started[1]);
  expect(await script.isGone()).toBe(true);
});

test('where it did not load, whoever asks gets a new one, whose failure can be heard', () => {
  const [script, started] = fakeScript();
  started[0]?.dispatchEvent(new Event('error'));
  expect(started[0]?.isTerminated).toBe(true);
  expect(script.start()).toBe(started[1]);
});

test('its errors are of no concern here once it is given', () => {
  const [script, started] = fakeScript();
  script.start();
  started[0]?.dispatchEvent(new Event('error'));
  expect(started[0]?.isTerminated).toBe(false);
});
