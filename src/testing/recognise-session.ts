/**
 * The Recognise screen's session for its tests: without a worker, whose answers a test gives itself, and with a storage of its own for each test.
 */
import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { Failure } from '../core/failure.ts';
import { succeed, type Result } from '../core/result.ts';
import { yieldToEventLoop } from '../core/yield-to-event-loop.ts';
import type { EngineClient } from '../rpc/engine-client.ts';
import type { CollectionItem, RecogniseContract, StoredCollection } from '../rpc/recognise-contract.ts';
import { createClasses } from '../ui/engine/classes.ts';
import { createRecogniseSession } from '../ui/recognise/recognise-session.ts';
import { createRecogniseStore, type Votes } from '../ui/recognise/recognise-state.ts';
import { createAppStore } from '../ui/state/app-store.ts';
import { chosenModel } from '../ui/state/model-choice.ts';
import type { NewPhoto } from '../ui/state/photo.ts';
import { parseSettings } from '../ui/state/settings.ts';
import { someBackend, someModel } from './looks.ts';

type Outcome = Result<unknown, Failure>;

export interface OpenCall {
  readonly method: string;
  readonly request: unknown;
  readonly signal: AbortSignal | undefined;
  answer(outcome: Outcome): Promise<void>;
  tell(progress: unknown): void;
}

export const model = chosenModel(
  { kind: 'served', id: 'nano' },
  { kind: 'tfjs', url: 'models/nano/model.json' },
);
const settings = { block: 4, framing: 'official', sidePx: 224 } as const;

export const kept = (facts: Partial<StoredCollection> = {}): StoredCollection => ({
  id: 'c1',
  title: 'mugs, pots',
  modelKey: model.key,
  modelHash: null,
  modelTitle: 'nano',
  settings,
  savedAt: '2026-11-29T02:00:00.000Z',
  byteLength: 1000,
  items: 4,
  failed: 0,
  classNames: ['mugs', 'pots'],
  ...facts,
});

export const item = (
  index: number,
  className: string | null,
  failure: Failure | null = null,
): CollectionItem => ({
  index,
  path: `${className ?? 'other'}/${index}.jpg`,
  byteLength: 10,
  lastModified,
  name: `${index}.jpg`,
  className,
  failure,
});

/** Each item is voted into the class with this index, surely. */
export const votesOf = (...predicted: readonly number[]): Votes => ({
  classNames: ['mugs', 'pots'],
  predictions: Int32Array.from(predicted),
  shares: Float32Array.from(predicted.flatMap((at) => [at === 0 ? 1 : 0, at === 1 ? 1 : 0])),
  neighbours: {
    k: 1,
    items: Int32Array.from(predicted, () => -1),
    cosines: new Float32Array(predicted.length),
  },
  accuracy: 0.5,
  confusion: Uint32Array.of(1, 1, 0, 1),
  elapsedMs: 1,
});

/** ms since 1970 */
export const lastModified = 1_000_000;

export const photograph = (path: string): File => {
  const file = new File([path], path.split('/').at(-1) ?? path, { lastModified });
  Object.defineProperty(file, 'path', { value: `/${path}` });
  return file;
};

/** @param used null: the page has just been opened */
export function setUp(used: typeof model | null = model) {
  const calls: OpenCall[] = [];
  const client = {
    call: (
      method: string,
      request: unknown,
      options: { signal?: AbortSignal; onProgress?(p: unknown): void } = {},
    ) =>
      new Promise<Outcome>((resolve) => {
        const answer = async (outcome: Outcome): Promise<void> => {
          calls.splice(calls.indexOf(call), 1);
          resolve(outcome);
          await settled();
        };
        const call: OpenCall = {
          method,
          request,
          signal: options.signal,
          answer,
          tell: (progress) => options.onProgress?.(progress),
        };
        calls.push(call);
      }),
  } as unknown as EngineClient;
  const app = createAppStore(parseSettings(null), { shape: 'photograph', sidePx: 64 });
  if (used !== null) {
    app.getState().setUsedModel({ ...used, description: someModel });
    app.getState().setEngine({ status: 'ready', backend: someBackend });
  }
  const added: NewPhoto[] = [];
  const viewer = { add: (photos: readonly NewPhoto[]) => void added.push(...photos) };
  const classes = createClasses(client, app);
  const session = createRecogniseSession(client, app, viewer, classes, createRecogniseStore());
  const state = () => session.store.getState();
  const find = (method: keyof RecogniseContract | 'classify'): OpenCall => {
    const call = calls.find((each) => each.method === method);
    if (call === undefined)
      expect.unreachable(`${method} was not called; open: ${calls.map((c) => c.method).join()}`);
    return call;
  };
  /** Opens a collection of two mugs, one pot and one without a class; the second mug is taken for a pot. */
  const openFour = async (): Promise<void> => {
    void session.openCollection('c1');
    await find('openCollection').answer(
      succeed({
        collection: kept(),
        items: [item(0, 'mugs'), item(1, 'mugs'), item(2, 'pots'), item(3, null)],
        thumbnails: new Blob([]),
        thumbnailEnds: new Uint32Array(4),
      }),
    );
    await find('vote').answer(succeed(votesOf(0, 1, 1, 0)));
  };
  return { app, session, classes, state, find, calls, added, openFour };
}

export const settled = async (): Promise<void> => {
  // On a busy machine what goes through many items gives others a turn (`core/in-slices`).
  for (let turn = 0; turn < 3; turn++) {
    for (let step = 0; step < 30; step++) await Promise.resolve();
    await yieldToEventLoop();
  }
};

beforeEach(() => {
  const stored = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  });
  vi.stubGlobal('navigator', {});
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
