import { expect, test, vi } from 'vitest';
import { failureOf } from '../core/failure.ts';
import { createSerialQueue } from './serial-queue.ts';

/** Work that goes on until it is told to end. */
function held(order: string[], name: string): { readonly work: () => Promise<string>; end(): void } {
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const work = async (): Promise<string> => {
    order.push(`${name} begins`);
    await ended;
    order.push(`${name} ends`);
    return name;
  };
  return { work, end: () => end() };
}

const aTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

test('one is done after the other, and one that fails holds nobody up', async () => {
  const enqueue = createSerialQueue();
  const order: string[] = [];
  const first = held(order, 'first');
  const firstDone = enqueue(first.work);
  const second = enqueue(() => Promise.reject(new Error('no')));
  const third = enqueue(() => Promise.resolve(order.push('third')));
  await aTurn();
  expect(order).toEqual(['first begins']);
  first.end();
  expect(await firstDone).toBe('first');
  await expect(second).rejects.toThrow('no');
  await third;
  expect(order).toEqual(['first begins', 'first ends', 'third']);
});

test('whoever is cancelled while waiting hears at once and never begins', async () => {
  const enqueue = createSerialQueue();
  const order: string[] = [];
  const first = held(order, 'first');
  const firstDone = enqueue(first.work);
  const controller = new AbortController();
  const waiting = enqueue(held(order, 'second').work, controller.signal);
  const third = enqueue(() => Promise.resolve(order.push('third')));
  await aTurn();
  controller.abort();
  expect(failureOf(await waiting.catch((error: unknown) => error))).toEqual({ code: 'cancelled' });
  expect(order).toEqual(['first begins']);
  first.end();
  await Promise.all([firstDone, third]);
  expect(order).toEqual(['first begins', 'first ends', 'third']);
  const late = await enqueue(() => Promise.resolve(1), controller.signal).catch((error: unknown) => error);
  expect(failureOf(late)).toEqual({ code: 'cancelled' });
});

test('what has begun hears of a cancel by itself, and its answer counts', async () => {
  const enqueue = createSerialQueue();
  const order: string[] = [];
  const controller = new AbortController();
  const first = held(order, 'first');
  const done = enqueue(first.work, controller.signal);
  await aTurn();
  controller.abort();
  first.end();
  expect(await done).toBe('first');
});

test('a signal that lives for thousands of pieces of work keeps no listener of those that are done', async () => {
  const enqueue = createSerialQueue();
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  vi.spyOn(signal, 'addEventListener').mockImplementation((_, listener) => void listeners.add(listener));
  vi.spyOn(signal, 'removeEventListener').mockImplementation(
    (_, listener) => void listeners.delete(listener),
  );
  for (let step = 0; step < 3; step++) {
    const done = enqueue(() => Promise.resolve(step), signal);
    expect(listeners.size).toBe(1);
    expect(await done).toBe(step);
    expect(listeners.size).toBe(0);
  }
  await enqueue(() => Promise.reject(new Error('no')), signal).catch(() => {});
  expect(listeners.size).toBe(0);
});
