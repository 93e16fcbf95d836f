import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Failure } from '../../core/failure.ts';
import { fail, type Result, succeed } from '../../core/result.ts';
import type { LibraryClient } from '../../rpc/library-client.ts';
import type { LibraryContents, StoredModel } from '../../rpc/library-contract.ts';
import type { ModelDescription } from '../../core/model.ts';
import type { EngineSession } from '../engine/session.ts';
import { createAppStore } from '../state/app-store.ts';
import { embeddedChoice, servedModel, type ChosenModel } from '../state/model-choice.ts';
import { parseSettings } from '../state/settings.ts';
import { createModelLibrary } from './model-library.ts';

const contents: LibraryContents = { stored: [], partial: [], notKept: null, freeBytes: null };

const storedModel = (id: string): StoredModel => ({
  id,
  title: id,
  kind: 'checkpoint',
  files: [{ name: 'weights', byteLength: 1 }],
  sha256: null,
  source: null,
  storedAt: '2026-11-23T08:00:00Z',
  hints: {},
});

const opened = (id: string) =>
  succeed({ model: storedModel(id), files: new Map([['weights', new Blob(['x'])]]) });

interface OpenCall {
  readonly method: string;
  readonly request: { readonly id?: string };
  readonly options: { readonly signal?: AbortSignal; readonly awaitsWorker?: boolean };
  readonly answer: (outcome: Result<unknown, Failure>) => void;
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** @param remembered the model of the last visit */
function setUp(remembered: unknown = null) {
  const calls: OpenCall[] = [];
  const call = (method: string, request: OpenCall['request'], options: OpenCall['options'] = {}) =>
    new Promise((resolve) => calls.push({ method, request, options, answer: resolve }));
  const listeners: ((failure: Failure) => void)[] = [];
  let connections = 0;
  const client = {
    call,
    onGone: (listener: (failure: Failure) => void) => {
      listeners.push(listener);
      return () => true;
    },
    restart: () => undefined,
    terminate: () => undefined,
  } as unknown as LibraryClient;
  const store = createAppStore(parseSettings({ model: remembered }), { shape: 'photograph', sidePx: 320 });
  const used: ChosenModel[] = [];
  const started: ChosenModel[] = [];
  const renamed: ChosenModel[] = [];
  /** The engine's answer to the next model; null if it accepts the model. */
  const answers: { next: Result<never, Failure> | null } = { next: null };
  const session = {
    start: (model: ChosenModel) => void started.push(model),
    rename: (model: ChosenModel) => void renamed.push(model),
    useModel: (model: ChosenModel, title: string) => {
      const refusal = answers.next;
      answers.next = null;
      if (refusal !== null) return Promise.resolve(refusal);
      used.push(model);
      store.getState().setUsedModel({ ...model, description: { title } as ModelDescription });
      return Promise.resolve(succeed({ title } as ModelDescription));
    },
  } as unknown as EngineSession;
  const connect = (): LibraryClient => {
    connections += 1;
    return client;
  };
  const library = createModelLibrary(connect, session, store);
  return {
    library,
    store,
    used,
    started,
    renamed,
    answers,
    connections: () => connections,
    /** As in the real client: open calls fail, then the listener is called. */
    lose: async (failure: Failure) => {
      for (const one of calls) one.answer(fail(failure));
      listeners.at(-1)?.(failure);
      await settle();
    },
    /** The latest call of that method. */
    last: (method: string): OpenCall =>
      calls.findLast((each) => each.method === method) ?? expect.unreachable(`no ${method} was called`),
  };
}

beforeEach(() => {
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('document', { baseURI: 'http://localhost/' });
});
afterEach(() => void vi.unstubAllGlobals());

describe('a choice', () => {
  it('that was made last wins, whichever was found first', async () => {
    const { library, used, last } = setUp();
    const first = library.use({ kind: 'stored', id: 'slow' });
    const slow = last('open');
    const second = library.use({ kind: 'stored', id: 'quick' });
    last('open').answer(opened('quick'));
    await second;
    slow.answer(opened('slow'));
    await first;
    expect(used.map(({ choice }) => choice.id)).toEqual(['quick']);
  });
});

describe('the worker that keeps models', () => {
  it('is started when it is needed, and after a loss when it is needed again, not by itself', async () => {
    const { library, store, last, connections, lose } = setUp();
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')));
    expect(connections()).toBe(0);
    const look = library.refresh();
    expect(connections()).toBe(1);
    await lose({ code: 'script-missing', isGone: true });
    await look;
    expect(connections()).toBe(1);
    expect(store.getState().library).toMatchObject({
      status: 'failed',
      failure: { code: 'script-missing', isGone: true },
    });
    const again = library.refresh();
    expect(connections()).toBe(2);
    last('list').answer(succeed(contents));
    await again;
    expect(store.getState().library).toMatchObject({ status: 'read', failure: null });
  });
});

describe('a download', () => {
  it('that is cancelled is on its way until the worker has let go of the file', async () => {
    const { library, store, last } = setUp();
    const download = library.download('dino-vits16');
    const inWorker = last('download');
    expect(inWorker.options.awaitsWorker).toBe(true);
    library.cancelTransfer('dino-vits16');
    expect(inWorker.options.signal?.aborted).toBe(true);
    await settle();
    expect(store.getState().library.transfers['dino-vits16']).toMatchObject({ status: 'running' });
    inWorker.answer(fail({ code: 'cancelled' }));
    await settle();
    last('list').answer(succeed(contents));
    await download;
    expect(store.getState().library.transfers).toEqual({});
  });
});

describe('a dropped file that is kept while it is in use', () => {
  const dropIn = async () => {
    const set = setUp();
    set.library.addDropped([
      { title: 'x.pth', kind: 'checkpoint', files: new Map([['x.pth', new Blob(['x'])]]), hints: {} },
    ]);
    await settle();
    const keeping = set.library.keep('file-1');
    set.last('list').answer(succeed(contents));
    await settle();
    set.last('keep').answer(succeed(storedModel('own-x-pth')));
    await settle();
    set.last('list').answer(succeed({ ...contents, stored: [storedModel('own-x-pth')] }));
    await settle();
    return { ...set, keeping };
  };

  it('is from then on the kept one', async () => {
    const { keeping, last, renamed, store } = await dropIn();
    last('open').answer(opened('own-x-pth'));
    await keeping;
    expect(renamed.map(({ choice }) => choice)).toEqual([{ kind: 'stored', id: 'own-x-pth' }]);
    expect(store.getState().models.remembered).toEqual({ kind: 'stored', id: 'own-x-pth' });
  });

  it('does not take the place of another that was taken meanwhile', async () => {
    const { keeping, last, renamed, store } = await dropIn();
    store.getState().setUsedModel({ ...servedModel(embeddedChoice.id), description: {} as ModelDescription });
    last('open').answer(opened('own-x-pth'));
    await keeping;
    expect(renamed).toEqual([]);
    expect(store.getState().models.used?.choice).toEqual(embeddedChoice);
  });
});

describe('what is said of a dropped file', () => {
  it('stays where the file is then used, and is taken back where it is not', async () => {
    const { library, store, answers } = setUp();
    const hints = () => store.getState().library.dropped[0]?.hints;
    library.addDropped([
      { title: 'x.pth', kind: 'checkpoint', files: new Map([['x.pth', new Blob(['x'])]]), hints: {} },
    ]);
    await settle();
    library.giveHints('file-1', { network: 'student' });
    await settle();
    expect(hints()).toEqual({ network: 'student' });
    answers.next = fail({ code: 'cancelled' });
    library.giveHints('file-1', { network: 'teacher' });
    expect(hints()).toEqual({ network: 'teacher' });
    await settle();
    expect(hints()).toEqual({ network: 'student' });
  });
});

describe('a dropped file that is no checkpoint', () => {
  it('is not listed: nobody can use or keep it', async () => {
    const { library, store, answers } = setUp();
    answers.next = fail({ code: 'checkpoint-invalid', problem: 'these are no weights' });
    library.addDropped([
      { title: 'x.pth', kind: 'checkpoint', files: new Map([['x.pth', new Blob(['x'])]]), hints: {} },
    ]);
    await settle();
    expect(store.getState().library.dropped).toEqual([]);
  });
});

describe('what a dropped file does not say', () => {
  it('is asked for, one thing after the other, and every answer that was of use is kept', async () => {
    const { library, store, answers } = setUp();
    const dropped = () => store.getState().library.dropped[0];
    answers.next = fail({ code: 'grid-unknown', positions: 49 });
    library.addDropped([
      { title: 'x.pth', kind: 'checkpoint', files: new Map([['x.pth', new Blob(['x'])]]), hints: {} },
    ]);
    await settle();
    expect(dropped()?.lacks).toBe('grid');
    expect(store.getState().dialog).toBe('models');

    answers.next = fail({ code: 'checkpoint-invalid', problem: 'it does not fit' });
    library.giveHints('file-1', { grid: { rows: 5, columns: 9 } });
    await settle();
    expect(dropped()).toMatchObject({ lacks: 'grid', hints: {} });

    answers.next = fail({ code: 'heads-unknown', embedDim: 12 });
    library.giveHints('file-1', { grid: { rows: 6, columns: 8 } });
    await settle();
    expect(dropped()).toMatchObject({ lacks: 'heads', hints: { grid: { rows: 6, columns: 8 } } });

    library.giveHints('file-1', { numHeads: 3 });
    await settle();
    expect(dropped()).toMatchObject({
      lacks: null,
      hints: { grid: { rows: 6, columns: 8 }, numHeads: 3 },
    });
  });
});

describe('the model of the last visit', () => {
  const remembered = { kind: 'stored', id: 'mine' } as const;

  it.each<[Failure, RegExp, unknown]>([
    [{ code: 'model-not-kept' }, /is no longer in this browser/, embeddedChoice],
    [{ code: 'storage-failed', problem: 'busy' }, /could not be opened.*busy/, remembered],
  ])('gives way to the embedded one: %o; only what is gone is forgotten', async (failure, sentence, next) => {
    const { library, store, started, last } = setUp(remembered);
    const starting = library.startSession(null);
    last('open').answer(fail(failure));
    await starting;
    expect(started.map(({ choice }) => choice)).toEqual([embeddedChoice]);
    expect(store.getState().messages.map(({ text }) => text)).toEqual([
      expect.stringMatching(sentence) as string,
    ]);
    expect(store.getState().models.remembered).toEqual(next);
  });
});
