import { describe, expect, it } from 'vitest';
import type { Failure } from '../../core/failure.ts';
import type { PatchPosition } from '../../core/geometry.ts';
import { fail, type Result, succeed } from '../../core/result.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { AttentionResult } from '../../rpc/engine-contract.ts';
import type { BackendDescription } from '../../core/backend.ts';
import type { ModelDescription } from '../../core/model.ts';
import { patchAnswer } from '../../testing/patch-answer.ts';
import { createAppStore } from '../state/app-store.ts';
import type { Outcome } from '../state/photo.ts';
import { pointOf } from '../state/query.ts';
import { parseSettings } from '../state/settings.ts';
import { createPatchAsking } from './patch-asking.ts';

const backend = { name: 'wasm' } as BackendDescription;
const model = { id: 'nano' } as ModelDescription;
const framing = { shape: 'photograph', sidePx: 96 } as const;

const resultOf = (rows: number, columns: number): AttentionResult =>
  ({
    rows,
    columns,
    numRegisters: 0,
    box: { top: 0, left: 0, height: 60, width: 120 },
    photoSizePx: { height: 60, width: 120 },
  }) as AttentionResult;
const result = resultOf(6, 12);

interface OpenCall {
  readonly request: { readonly id: string; readonly patch: PatchPosition };
  readonly progress: (progress: { stage: 'decode' }) => void;
  readonly answer: (outcome: Result<unknown, Failure>) => void;
  readonly cancelled: () => boolean;
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Two photographs that are done, the first one selected, and an engine whose calls the test answers. */
function setUp() {
  const calls: OpenCall[] = [];
  const call = (
    method: string,
    request: OpenCall['request'],
    { signal, onProgress }: { signal: AbortSignal; onProgress: OpenCall['progress'] },
  ) =>
    new Promise((resolve) => {
      expect(method).toBe('attendPatch');
      signal.addEventListener('abort', () => resolve(fail({ code: 'cancelled' })));
      calls.push({ request, progress: onProgress, answer: resolve, cancelled: () => signal.aborted });
    });
  const store = createAppStore(parseSettings(null), framing);
  const runAgain: string[] = [];
  createPatchAsking({ call } as unknown as EngineClient, store, (id) => {
    runAgain.push(id);
    store.getState().setPhotoState(id, () => ({ status: 'queued', previous: null }));
  });
  const { addPhotos, setPhotoState, setEngine, askPatch } = store.getState();
  const done = (id: string, of: AttentionResult, by = model): void =>
    setPhotoState(id, () => ({
      status: 'done',
      outcome: { result: of, framing, model: by, backend } as Outcome,
    }));
  addPhotos(
    ['a', 'b'].map((name) => ({ name, alt: null, credit: null, blob: new Blob() })),
    true,
  );
  for (const id of ['photo-1', 'photo-2']) done(id, result);
  setEngine({ status: 'ready', backend, model });
  return {
    calls,
    store,
    runAgain,
    done,
    ask: (row: number, column: number) => askPatch('photo-1', pointOf({ row, column }, result)),
    last: () => calls.at(-1) ?? expect.unreachable('nothing was asked'),
    asked: () => store.getState().photos['photo-1']?.asked ?? null,
    reply: async (patch: PatchPosition) => {
      calls.at(-1)?.answer(succeed(patchAnswer(patch)));
      await settle();
    },
  };
}

describe('a patch', () => {
  it('is asked on its photograph’s grid, and its answer belongs to that result', async () => {
    const { ask, calls, last, reply, asked, store } = setUp();
    ask(4, 11);
    expect(last().request).toMatchObject({ id: 'photo-1', framing, patch: { row: 4, column: 11 } });
    await reply({ row: 4, column: 11 });
    expect(asked()?.answer).toMatchObject({ of: result, attention: { row: 4, column: 11 } });
    expect(store.getState().announcement).toBe('Patch (row 5, column 12) of 6 × 12');
    ask(4, 11);
    expect(calls).toHaveLength(1);
  });

  it('of a key that is held down is asked one at a time, and the last one counts', async () => {
    const { ask, calls, last, reply, asked } = setUp();
    for (let column = 0; column < 9; column++) ask(2, column);
    expect(calls).toHaveLength(1);
    await reply({ row: 2, column: 0 });
    expect(calls).toHaveLength(2);
    expect(last().request.patch).toEqual({ row: 2, column: 8 });
    await reply({ row: 2, column: 8 });
    expect(calls).toHaveLength(2);
    expect(asked()?.answer?.attention.column).toBe(8);
  });

  it('is cancelled by going back to CLS, and what comes then is nobody’s', async () => {
    const { ask, last, store, reply, asked } = setUp();
    ask(1, 1);
    last().progress({ stage: 'decode' });
    expect(asked()?.progress).toEqual({ stage: 'decode' });
    store.getState().askPatch('photo-1', null);
    expect(last().cancelled()).toBe(true);
    await reply({ row: 1, column: 1 });
    expect(asked()).toBeNull();
    expect(store.getState().announcement).toBe('CLS token');
  });

  it('is cancelled when another photograph is looked at, and asked again on the way back', async () => {
    const { ask, calls, last, store } = setUp();
    ask(1, 1);
    store.getState().select('photo-2');
    expect(last().cancelled()).toBe(true);
    await settle();
    expect(calls).toHaveLength(1);
    store.getState().select('photo-1');
    expect(calls).toHaveLength(2);
  });

  it('keeps its place on the grid of another result', async () => {
    const { ask, last, reply, done, store } = setUp();
    ask(3, 6);
    await reply({ row: 3, column: 6 });
    store.getState().setPhotoState('photo-1', () => ({ status: 'queued', previous: null }));
    done('photo-1', resultOf(12, 24)); // twice as fine
    expect(last().request.patch).toEqual({ row: 7, column: 13 });
  });

  it('of a result of another model than the engine’s is asked once that has run', () => {
    const { ask, calls, done, runAgain, last } = setUp();
    done('photo-1', result, { id: 'another' } as ModelDescription);
    ask(1, 1);
    expect(runAgain).toEqual(['photo-1']);
    expect(calls).toHaveLength(0);
    done('photo-1', result);
    expect(last().request.patch).toEqual({ row: 1, column: 1 });
  });

  it('waits while the engine starts again', () => {
    const { ask, calls, store } = setUp();
    store.getState().setEngine({ status: 'starting', progress: null, recoversFrom: null });
    ask(1, 1);
    expect(calls).toHaveLength(0);
    store.getState().setEngine({ status: 'ready', backend, model });
    expect(calls).toHaveLength(1);
  });

  it('that fails is asked once more, then given up with a sentence', async () => {
    const { ask, calls, last, asked, store } = setUp();
    ask(1, 1);
    for (const times of [1, 2]) {
      expect(calls).toHaveLength(times);
      last().answer(fail({ code: 'out-of-memory', tokens: 73 }));
      await settle();
    }
    expect(calls).toHaveLength(2);
    expect(asked()).toBeNull();
    expect(store.getState().messages.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^a: Patch \(row 2, column 2\) was not answered\. /),
    ]);
  });
});
