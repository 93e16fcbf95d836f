import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Failure } from '../../core/failure.ts';
import { fail, succeed } from '../../core/result.ts';
import { settle, setUp, started } from '../../testing/engine-session.ts';
import { silenceTimeoutMs } from './start-watch.ts';

describe('losing the engine', () => {
  const lost: Failure = { code: 'device-lost', message: 'test' };

  it('starts again and runs the photograph again that was running', async () => {
    const { session, photo, ready, statuses, fake, store } = setUp();
    session.add([photo('a')]);
    await ready();
    fake.lose(lost);
    await settle();
    expect(statuses()).toEqual(['queued']);
    expect(fake.restarts).toBe(1);
    expect(fake.last().method).toBe('start');
    expect(store.getState().messages.map(({ tone }) => tone)).toEqual(['warning']);
    await ready();
    expect(statuses()).toEqual(['running']);
  });

  it('runs a photograph that ran out of memory once more, then says so, and counts it for no loss', async () => {
    const { session, photo, ready, statuses, fake, store } = setUp();
    session.add([photo('a'), photo('b')]);
    await ready();
    for (const expected of [
      ['running', 'queued'],
      ['failed', 'running'],
      ['failed', 'running'],
      ['failed', 'failed'],
    ]) {
      fake.lose({ code: 'out-of-memory', tokens: 9 });
      await settle();
      await ready();
      expect(statuses()).toEqual(expected);
    }
    expect(store.getState().engine.status).toBe('ready');
  });

  it('starts again without a word where a cancel was not heard, and blames no photograph', async () => {
    const { session, photo, ready, statuses, fake, store } = setUp();
    session.add([photo('a')]);
    await ready();
    for (let times = 0; times < 4; times += 1) {
      fake.lose({ code: 'worker-stuck' });
      await settle();
      expect(statuses()).toEqual(['queued']);
      await ready();
    }
    expect(statuses()).toEqual(['running']);
    expect(fake.restarts).toBe(4);
    expect(store.getState().messages).toEqual([]);
  });

  it('gives up after three losses within two minutes, and runs on wasm when told to', async () => {
    const { session, photo, ready, statuses, fake, store } = setUp();
    await ready();
    for (let loss = 0; loss < 2; loss += 1) {
      fake.lose(lost);
      await ready();
    }
    session.add([photo('a')]);
    await settle();
    fake.lose(lost);
    await settle();
    expect(store.getState().engine).toMatchObject({ status: 'failed', repeatedly: true, instead: 'wasm' });
    expect(fake.restarts).toBe(2);
    session.startAgain('wasm');
    expect(fake.last().request).toMatchObject({ backend: 'wasm' });
    await ready();
    expect(statuses()).toEqual(['running']);
  });

  it('forgets losses that are long ago', async () => {
    const { ready, fake, store, wait } = setUp();
    await ready();
    for (let loss = 0; loss < 4; loss += 1) {
      fake.lose(lost);
      await ready();
      wait(90_000);
    }
    expect(store.getState().engine.status).toBe('ready');
  });

  it('says so when the start fails, and keeps the photographs', async () => {
    const { session, photo, statuses, fake, store } = setUp();
    session.add([photo('a')]);
    fake.last().answer(fail({ code: 'backend-unavailable', backend: 'webgpu', reason: 'of a test' }));
    await settle();
    expect(store.getState().engine).toMatchObject({ status: 'failed', repeatedly: false });
    expect(statuses()).toEqual(['queued']);
  });
});

describe('a machine without a graphics card', () => {
  const backend = {
    ...started.backend,
    name: 'wasm',
    reason: { kind: 'software-adapter', adapter: 'SwiftShader' },
  } as const;

  it('is told of in one short line, and once it was dismissed no more', async () => {
    const { session, fake, store } = setUp();
    const texts = (): string[] => store.getState().messages.map(({ text }) => text);
    fake.last().answer(succeed({ ...started, backend }));
    await settle();
    expect(texts()).toEqual(['No graphics card: slower, same results.']);
    for (const { id } of store.getState().messages) store.getState().dismiss(id);
    expect(store.getState().notesSeen).toEqual(['slower']);
    session.startAgain();
    fake.last().answer(succeed({ ...started, backend }));
    await settle();
    expect(texts()).toEqual([]);
  });

  it('is not told of where an earlier visit dismissed it', async () => {
    const { fake, store } = setUp('auto', { notesSeen: ['slower', 'of another version'] });
    fake.last().answer(succeed({ ...started, backend }));
    await settle();
    expect(store.getState()).toMatchObject({ messages: [], notesSeen: ['slower'] });
  });

  it('is told of again where something failed, which it may not the next time', async () => {
    const reason = {
      kind: 'webgpu-failed',
      failure: { code: 'gpu-error', message: 'no device' },
    } as const;
    const { fake, store } = setUp('auto', { notesSeen: ['slower'] });
    fake.last().answer(succeed({ ...started, backend: { ...backend, reason } }));
    await settle();
    expect(store.getState().messages.map(({ text }) => text)).toEqual([
      expect.stringMatching(/no device.*WebAssembly is used instead: slower, same results\.$/),
    ]);
  });
});

describe('pixels that this browser does not give as they are', () => {
  it.each([
    ['exact', []],
    ['altered', [expect.stringMatching(/changes the pixels/)]],
    ['hidden', [expect.stringMatching(/noise in place of/)]],
  ] as const)('%s: said once, at the first start', async (pixels, sentences) => {
    const { session, fake, store } = setUp();
    fake.last().answer(succeed({ ...started, pixels }));
    await settle();
    const texts = (): string[] => store.getState().messages.map(({ text }) => text);
    expect(texts()).toEqual(sentences);
    for (const { id } of store.getState().messages) store.getState().dismiss(id);
    session.startAgain();
    fake.last().answer(succeed({ ...started, pixels }));
    await settle();
    expect(texts()).toEqual([]);
  });
});

describe('a start that is silent', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const passes = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
  const working = (backend: string | null) => ({ stage: 'working', backend });

  it('on a back end goes on with the next one, and never asks for it again unasked', async () => {
    const { fake, store } = setUp();
    fake.last().tell({ stage: 'backend' });
    fake.last().tell(working('webgpu'));
    await passes(silenceTimeoutMs);
    expect(fake.restarts).toBe(1);
    expect(fake.last().request).toMatchObject({ backend: 'auto', silent: ['webgpu'] });
    fake.last().tell(working('wasm'));
    await passes(silenceTimeoutMs);
    expect(fake.last().request).toMatchObject({ silent: ['webgpu', 'wasm'] });
    // The engine tries it once more, without threads.
    fake.last().tell(working('wasm'));
    await passes(silenceTimeoutMs);
    expect(fake.last().request).toMatchObject({ silent: ['webgpu', 'wasm', 'wasm'] });
    fake.last().tell(working('cpu'));
    const failure = { code: 'backend-unavailable', backend: 'wasm', reason: 'it did not answer in time' };
    const reason = { kind: 'wasm-failed', failure } as const;
    fake.last().answer(succeed({ ...started, backend: { ...started.backend, name: 'cpu', reason } }));
    await passes(0);
    expect(store.getState().engine.status).toBe('ready');
    expect(store.getState().messages.at(-1)?.text).toMatch(
      /wasm back end .* did not answer in time.*JavaScript/,
    );
    fake.lose({ code: 'device-lost', message: '' });
    expect(fake.last().request).toMatchObject({ silent: ['webgpu', 'wasm', 'wasm'] });
  });

  it.each([
    ['whose script did not come', { code: 'script-missing', isGone: false }, 'Reload the page'],
    ['that cannot run here', { code: 'backend-unavailable', backend: 'wasm', reason: 'test' }, undefined],
  ] as const)(
    'without a back end %s says so, and offers to reload where that may help',
    async (_, failure, label) => {
      const { fake, store } = setUp();
      const reason = { kind: 'wasm-failed', failure } as const;
      fake.last().answer(succeed({ ...started, backend: { ...started.backend, name: 'cpu', reason } }));
      await passes(0);
      const message = store.getState().messages.at(-1);
      expect(message?.text).toContain('JavaScript is used instead');
      expect(message?.offer?.label).toBe(label);
    },
  );

  it('on the back end that was asked for, or on the last one, has failed', async () => {
    const { fake, store, session } = setUp('webgpu');
    fake.last().tell(working('webgpu'));
    await passes(silenceTimeoutMs);
    const failure = { code: 'backend-unavailable', backend: 'webgpu', reason: 'it did not answer in time' };
    expect(store.getState().engine).toMatchObject({ status: 'failed', failure });
    // The person starts again: earlier losses no longer count.
    session.startAgain();
    expect(fake.last().request).toMatchObject({ backend: 'webgpu', silent: [] });
  });

  it('on wasm, which was asked for, is made once more', async () => {
    const { fake, store } = setUp('wasm');
    fake.last().tell(working('wasm'));
    await passes(silenceTimeoutMs);
    expect(fake.last().request).toMatchObject({ backend: 'wasm', silent: ['wasm'] });
    fake.last().tell(working('wasm'));
    await passes(silenceTimeoutMs);
    const failure = { code: 'backend-unavailable', backend: 'wasm', reason: 'it did not answer in time' };
    expect(store.getState().engine).toMatchObject({ status: 'failed', failure });
    expect(fake.restarts).toBe(2);
  });

  it('from a worker that says nothing at all has one more worker, said so, and no third', async () => {
    const { fake, store } = setUp();
    await passes(silenceTimeoutMs);
    expect(fake.restarts).toBe(1);
    expect(store.getState().messages.at(-1)?.text).toMatch(/did not answer in time. Another one is started/);
    await passes(silenceTimeoutMs);
    expect(store.getState().engine).toMatchObject({ status: 'failed', failure: { code: 'worker-silent' } });
    const { length } = fake.calls;
    await passes(10 * silenceTimeoutMs);
    expect(fake.calls).toHaveLength(length);
  });

  it('but works is let go on', async () => {
    const { fake, store } = setUp();
    for (let block = 0; block < 5; block++) {
      fake.last().tell(working('cpu'));
      await passes(silenceTimeoutMs - 1);
    }
    fake.last().answer(succeed(started));
    await passes(10 * silenceTimeoutMs);
    expect(store.getState().engine.status).toBe('ready');
    expect(fake.restarts).toBe(0);
  });

  it('since its model is on its way waits for it', async () => {
    const { fake, store } = setUp();
    fake.last().tell(working('webgpu'));
    fake.last().tell(working(null));
    await passes(10 * silenceTimeoutMs);
    expect(fake.restarts).toBe(0);
    expect(store.getState().engine).toMatchObject({ status: 'starting' });
  });

  it('tells a person what goes on, and not each sign of life', () => {
    const { fake, store } = setUp();
    fake.last().tell({ stage: 'self-check' });
    fake.last().tell(working('webgpu'));
    expect(store.getState().engine).toMatchObject({ progress: { stage: 'self-check' } });
  });
});

it('a worker whose script is gone is not started again by itself', async () => {
  const { fake, store, session, photo, statuses, ready } = setUp();
  session.add([photo('a')]);
  await ready();
  fake.lose({ code: 'script-missing', isGone: true });
  await settle();
  expect(fake.restarts).toBe(0);
  expect(store.getState().engine).toEqual({
    status: 'failed',
    failure: { code: 'script-missing', isGone: true },
    repeatedly: false,
    instead: null,
  });
  expect(statuses()).toEqual(['queued']);
  session.startAgain();
  expect(fake.restarts).toBe(1);
});
