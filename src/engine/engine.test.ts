import type { LookProgress, StartProgress } from '../core/progress.ts';
import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { embeddedModelId, embeddedModelTitle } from '../core/embedded-model.ts';
import { FailureError } from '../core/failure.ts';
import { succeed } from '../core/result.ts';
import { coloursContract } from '../lenses/colours/contract.ts';
import { answerLook } from '../lenses/run-look.ts';
import type { FramingOptions } from '../core/photo.ts';
import type { PixelGrid } from '../media/resample.ts';
import { checkpointModel } from '../models/load-checkpoint.ts';
import { tfjsModel } from '../models/load-model.ts';
import type { LoadedModel } from '../models/loaded-model.ts';
import { openFixture } from '../testing/checkpoint-fixtures.ts';
import { nodePlatform } from '../testing/node-platform.ts';
import { replaceKernel } from '../testing/replace-kernel.ts';
import { seededRandom } from '../core/seeded-random.ts';
import { lookAtHeads } from '../testing/look-at-heads.ts';
import { chooseBackend } from './choose-backend.ts';
import { Engine } from './engine.ts';
import { startEngine, type EngineOptions } from './start-engine.ts';
import type { TimingStore } from './tune-backend.ts';

/** What the embedded model's own file says. */
const description = JSON.parse(
  await readFile(new URL(`../../public/models/${embeddedModelId}/model.json`, import.meta.url), 'utf8'),
) as {
  weightsManifest: { weights: { shape: number[] }[] }[];
  userDefinedMetadata: {
    dinoscope: {
      id: string;
      title: string;
      architecture: { embedDim: number; depth: number; numHeads: number; patchSize: number };
      shards: Record<string, { byteLength: number }>;
    };
  };
};
const { id, title, architecture, shards } = description.userDefinedMetadata.dinoscope;
const { embedDim, depth, numHeads, patchSize: patchSizePx } = architecture;
const totalBytes = Object.values(shards).reduce((sum, { byteLength }) => sum + byteLength, 0);
const parameterCount = description.weightsManifest
  .flatMap(({ weights }) => weights)
  .reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0);

const { signal } = new AbortController();
const ignore = (): void => {};
const startOptions: EngineOptions = {
  backend: 'wasm',
  model: { key: 'model', load: nodePlatform.load },
  wasmAssets: null,
  signal,
  onProgress: ignore,
};
/** The shorter side of `photo` gets six patches and the longer eight, whatever the patch. */
const small: FramingOptions = { shape: 'photograph', sidePx: 8 * patchSizePx };

const random = seededRandom(5);
const photoOf = (height: number, width: number): PixelGrid => ({
  height,
  width,
  channels: 3,
  values: Uint8Array.from({ length: height * width * 3 }, () => random.below(256)),
});
const photo = photoOf(48, 64);

const tensors = (): { count: number; bytes: number } => {
  const { numTensors, numBytes } = tf.memory();
  return { count: numTensors, bytes: numBytes };
};

async function started(): Promise<Engine> {
  const result = await startEngine({ ...startOptions, signal: new AbortController().signal });
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const openChosen = async () => {
  const chosen = await chooseBackend('wasm', {
    wasmAssets: null,
    onTry: ignore,
    onSelfCheck: ignore,
  });
  if (!chosen.ok) throw new Error(JSON.stringify(chosen.error));
  return chosen.value;
};

let engine: Engine;
beforeAll(async () => {
  engine = await started();
});
afterAll(() => engine.dispose());

describe('starting', () => {
  test('tells what runs', () => {
    expect(title).toBe(embeddedModelTitle);
    expect(engine.describeModel('model')).toEqual({
      id,
      title,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      embedDim,
      depth,
      numHeads,
      patchSizePx,
      numRegisters: 0,
      parameterCount,
      features: { block: 8, facet: 'key' },
    });
    expect(engine.backend).toMatchObject({ name: 'wasm', reason: { kind: 'asked-for' } });
    expect(engine.backend.device).toMatch(/CPU.*1 thread/);
  });

  test('reports the back end, its self-check, and the download to its last byte', async () => {
    const reports: StartProgress[] = [];
    const result = await startEngine({ ...startOptions, onProgress: (report) => reports.push(report) });
    if (result.ok) result.value.dispose();
    expect(reports[0]).toEqual({ stage: 'backend' });
    expect(reports.filter(({ stage }) => stage === 'self-check')).toHaveLength(1);
    // Signs of life of the back end, one after each block of the model's first computation at the least; then of nobody, since only
    // the model is waited for.
    const alive = reports.flatMap((report) => (report.stage === 'working' ? [report.backend] : []));
    expect(alive.filter((name) => name === 'wasm').length).toBeGreaterThan(depth);
    expect(alive).toContain(null);
    expect(reports.findLast(({ stage }) => stage === 'download')).toEqual({
      stage: 'download',
      loadedBytes: totalBytes,
      totalBytes,
      cached: false,
    });
  });

  test('and disposing leave no tensor behind', async () => {
    const before = tensors();
    const another = await started();
    expect(tensors().count).toBeGreaterThan(before.count);
    another.dispose();
    expect(tensors()).toEqual(before);
  });

  test('without a model fails with the reason, and leaves no tensor behind', async () => {
    const before = tensors();
    const failure = {
      code: 'model-unreachable',
      url: 'https://example.org/model.json',
      status: 404,
    } as const;
    const source = { cache: null, fetch: () => Promise.reject(new FailureError(failure)) };
    expect(await startEngine({ ...startOptions, model: { key: 'model', load: tfjsModel(source) } })).toEqual({
      ok: false,
      error: failure,
    });
    expect(tensors()).toEqual(before);
  });

  test('after wasm did not answer, notes that it is to have one thread for a while', async () => {
    const kept: unknown[] = [];
    const timings: TimingStore = {
      read: () => Promise.resolve(null),
      write: async (_, remembered) => void kept.push(remembered),
      forget: () => Promise.resolve(),
    };
    const result = await startEngine({ ...startOptions, timings, silent: ['wasm'] });
    if (result.ok) result.value.dispose();
    expect(kept).toEqual([{ threads: 1, untilMs: expect.any(Number) }]);
  });

  test('that is cancelled ends as cancelled', async () => {
    const result = await startEngine({ ...startOptions, signal: AbortSignal.abort() });
    expect(result).toEqual({ ok: false, error: { code: 'cancelled' } });
  });
});

describe('a look', () => {
  test('answers for the frame that was asked for, and reports each block on the way', async () => {
    const reports: LookProgress[] = [];
    const result = await lookAtHeads(engine, photo, {
      framing: small,
      id: 'first',
      onProgress: (report) => reports.push(report),
    });
    expect(result).toMatchObject({
      ok: true,
      value: {
        result: { numHeads, rows: 6, columns: 8 },
        passes: [
          {
            tokens: 49,
            frame: {
              rows: 6,
              columns: 8,
              inputSizePx: { height: 6 * patchSizePx, width: 8 * patchSizePx },
              photoSizePx: { height: 48, width: 64 },
              box: { top: 0, left: 0, height: 48, width: 64 },
            },
          },
        ],
      },
    });
    // The last block is not whole: it ends in the maps.
    expect(reports).toEqual([
      { stage: 'decode' },
      { stage: 'prepare' },
      ...Array.from({ length: depth }, (_, blocksDone) => ({ stage: 'forward', blocksDone, depth })),
    ]);
    const maps = result.ok ? result.value.result.maps : new Float32Array();
    expect(maps.length).toBe(numHeads * 6 * 8);
    for (let head = 0; head < numHeads; head++) {
      const sum = maps.subarray(head * 48, (head + 1) * 48).reduce((total, value) => total + value, 0);
      expect(sum).toBeGreaterThan(0.1);
      expect(sum).toBeLessThan(1);
    }
    const timings = result.ok ? result.value.passes[0]?.timings : undefined;
    expect(timings?.forwardMs).toBeGreaterThan(0);
    expect(timings?.prepareMs).toBeGreaterThan(0);
  });

  test('with patches that overlap has the finer grid, around their middles, and a pass of its own', async () => {
    const look = (overlap: 1 | 2 | 4) =>
      lookAtHeads(engine, photo, { framing: { ...small, overlap }, id: 'overlap' });
    const alone = await look(1);
    const result = await look(2);
    const pixel = 48 / (6 * patchSizePx);
    const margin = (patchSizePx / 4) * pixel;
    expect(result).toMatchObject({
      ok: true,
      value: {
        result: { numHeads, rows: 11, columns: 15 },
        passes: [
          {
            tokens: 1 + 11 * 15,
            frame: {
              rows: 11,
              columns: 15,
              inputSizePx: { height: 6 * patchSizePx, width: 8 * patchSizePx },
              box: { top: margin, left: margin, height: 48 - 2 * margin, width: 64 - 2 * margin },
              seenBox: { top: 0, left: 0, height: 48, width: 64 },
            },
          },
        ],
      },
    });
    expect(alone.ok && alone.value.passes[0]?.frame).not.toHaveProperty('seenBox');
    expect(await look(4)).toMatchObject({ ok: true, value: { result: { rows: 21, columns: 29 } } });
    // Going back needs no pass, and gives what was there.
    expect(await look(1)).toMatchObject({ ok: true, value: { result: { rows: 6, columns: 8 } } });
  });

  test('is the same the second time, by another pass', async () => {
    const [first, second] = [
      await lookAtHeads(engine, photo, { framing: small, id: 'one' }),
      await lookAtHeads(engine, photo, { framing: small, id: 'two' }),
    ];
    expect(first.ok && second.ok && first.value.result.maps).toEqual(second.ok && second.value.result.maps);
  });

  test('at fifty photographs of many sizes keeps what the budget allows, and no more', async () => {
    const budget = 200_000;
    const used = new Engine(await openChosen(), undefined, { modelBytes: 2 ** 30, passBytes: budget });
    const loaded = await nodePlatform.load(signal, ignore);
    if (!loaded.ok || !(await used.addModel('model', loaded.value, signal)).ok) throw new Error('no model');
    const empty = tensors();
    for (let i = 0; i < 50; i++) {
      const framing: FramingOptions = {
        shape: i % 4 === 0 ? 'square' : 'photograph',
        sidePx: 8 * patchSizePx,
      };
      const pixels = photoOf(20 + 3 * (i % 20), 80 - 2 * (i % 20));
      expect(await lookAtHeads(used, pixels, { framing, id: `photo ${i}` })).toMatchObject({ ok: true });
      expect(tensors().bytes - empty.bytes).toBeLessThanOrEqual(budget);
    }
    expect(tensors().bytes).toBeGreaterThan(empty.bytes);
    used.dispose();
  });

  test('of a photograph that is gone leaves no tensor once it is forgotten, and those of others stay', async () => {
    const before = tensors();
    await lookAtHeads(engine, photo, { framing: small, id: 'gone' });
    await lookAtHeads(engine, photo, { framing: { ...small, shape: 'square' }, id: 'gone' });
    expect(tensors().bytes).toBeGreaterThan(before.bytes);
    engine.forget(new Set(['gone']));
    expect(tensors()).toEqual(before);
  });

  test('together looks at as many photographs as have room, and says of the others that they have none', async () => {
    const budget = 130_000;
    const used = new Engine(await openChosen(), undefined, { modelBytes: 2 ** 30, passBytes: budget });
    const loaded = await nodePlatform.load(signal, ignore);
    if (!loaded.ok || !(await used.addModel('model', loaded.value, signal)).ok) throw new Error('no model');
    const empty = tensors();
    const sources = Array.from({ length: 4 }, (_, i) => ({
      id: `photo ${i}`,
      read: () => Promise.resolve(succeed({ pixels: photoOf(48, 64), notices: [] })),
    }));
    // What another lens left of the first photograph takes no room from the others.
    expect(
      await lookAtHeads(used, photoOf(48, 64), {
        framing: { shape: 'photograph', sidePx: 8 * patchSizePx },
        id: 'photo 0',
      }),
    ).toMatchObject({ ok: true });
    const answer = await answerLook(used, {
      lens: 'colours',
      // Features that the pass of the other lens has not.
      params: { ...coloursContract.params.defaults, block: 4, facet: 'value', together: true },
      models: ['model'],
      sources,
      framing: { shape: 'photograph', sidePx: 8 * patchSizePx, overlap: 1 },
      signal,
      onProgress: ignore,
    });
    if (!answer.ok) throw new Error(JSON.stringify(answer.error));
    // 6 × 8 patches and CLS take 37,632 bytes each.
    expect(answer.value.map((each) => (each.ok ? each.value.result.photographs : each.error.code))).toEqual([
      3,
      3,
      3,
      'no-room-together',
    ]);
    expect(tensors().bytes - empty.bytes).toBeLessThanOrEqual(budget);
    used.dispose();
  });

  test('lets go of what the back end keeps for nobody where it is much', async () => {
    const destroyed: number[] = [];
    const buffer = (size: number) => ({ size, destroy: () => destroyed.push(size) });
    // As tfjs's WebGPU back end holds them.
    const manager = {
      numBytesAllocated: 100e6,
      numBytesUsed: 10e6,
      numFreeBuffers: 2,
      freeBuffers: new Map([
        ['a', [buffer(60e6)]],
        ['b', [buffer(30e6)]],
      ]),
    };
    const backend = tf.backend() as unknown as { bufferManager?: typeof manager };
    backend.bufferManager = manager;
    try {
      await lookAtHeads(engine, photo, { framing: small, id: 'little' });
      expect(destroyed).toEqual([]);
      manager.freeBuffers.get('b')?.push(buffer(300e6));
      manager.numBytesAllocated += 300e6;
      await lookAtHeads(engine, photo, { framing: small, id: 'much' });
      expect(destroyed).toEqual([60e6, 30e6, 300e6]);
      expect(manager.numBytesAllocated).toBe(10e6);
    } finally {
      delete backend.bufferManager;
    }
  });

  test('with an aborted signal ends as cancelled before the first block', async () => {
    const reports: LookProgress[] = [];
    const before = tensors();
    const result = await lookAtHeads(engine, photo, {
      framing: small,
      id: 'cancelled',
      signal: AbortSignal.abort(),
      onProgress: (report) => reports.push(report),
    });
    expect(result).toEqual({ ok: false, error: { code: 'cancelled' } });
    expect(reports.filter((report) => report.stage === 'forward' && report.blocksDone > 0)).toEqual([]);
    expect(tensors()).toEqual(before);
  });

  test('is cancelled between two blocks, and keeps no tensor', async () => {
    const controller = new AbortController();
    const before = tensors();
    let blocks = 0;
    const result = await lookAtHeads(engine, photo, {
      framing: small,
      id: 'cancelled',
      signal: controller.signal,
      onProgress: (report) => {
        if (report.stage !== 'forward') return;
        blocks = report.blocksDone;
        if (blocks === 2) controller.abort();
      },
    });
    expect(result).toEqual({ ok: false, error: { code: 'cancelled' } });
    expect(blocks).toBe(2);
    expect(tensors()).toEqual(before);
  });
});

describe('another question to the same photograph', () => {
  const asked = 'asked';
  const patch = { row: 5, column: 7 };
  const ask = (about: { patch?: typeof patch; framing?: FramingOptions; onRead?: () => void } = {}) =>
    lookAtHeads(engine, photo, { framing: small, id: asked, ...about });

  test('is answered by its kept pass, on the same grid', async () => {
    expect(await ask()).toMatchObject({ ok: true, value: { result: { rows: 6, columns: 8 } } });
    let reads = 0;
    const answer = await ask({ patch, onRead: () => (reads += 1) });
    expect(reads).toBe(0);
    expect(answer).toMatchObject({
      ok: true,
      value: { result: { query: { patch }, numHeads, rows: 6, columns: 8 } },
    });
    if (!answer.ok) return;
    const { maps, specialShares, lookMs } = answer.value.result;
    expect(lookMs).toBeGreaterThan(0);
    for (let head = 0; head < numHeads; head++) {
      const map = maps.subarray(head * 48, (head + 1) * 48);
      const sum = map.reduce((total, value) => total + value, specialShares[head] ?? NaN);
      expect(sum).toBeCloseTo(1, 4);
    }
    const other = await ask({ patch: { row: 0, column: 0 } });
    expect(other.ok && other.value.result.maps).not.toEqual(maps);
  });

  test('runs one pass where none is kept, or where it lies otherwise on the photograph', async () => {
    let reads = 0;
    const onRead = (): void => void (reads += 1);
    const unseen = await lookAtHeads(engine, photo, { framing: small, id: 'unseen', patch, onRead });
    expect(unseen).toMatchObject({ ok: true });
    expect(reads).toBe(1);
    expect(await ask({ patch, framing: { ...small, shape: 'square' }, onRead })).toMatchObject({ ok: true });
    expect(reads).toBe(2);
  });

  test('of a patch that is on no such grid is answered to nobody', async () => {
    const cancelled = { ok: false, error: { code: 'cancelled' } };
    expect(await ask({ patch: { row: 6, column: 0 } })).toEqual(cancelled);
    expect(await ask({ patch: { row: 0, column: 8 } })).toEqual(cancelled);
  });

  test('again and again keeps the tensors of its photograph and no other', async () => {
    await ask({ patch });
    const before = tensors();
    for (let column = 0; column < 8; column++) await ask({ patch: { row: 2, column } });
    await ask();
    expect(tensors()).toEqual(before);
  });

  test('is over with the engine, which leaves no tensor', async () => {
    const empty = tensors();
    const used = await started();
    await lookAtHeads(used, photo, { framing: small });
    used.dispose();
    expect(tensors()).toEqual(empty);
  });

  test('of numbers that are no attention fails, and names the patch', async () => {
    await ask();
    const restore = replaceKernel('DinoscopeQueryRows', 'wasm', ({ inputs }) =>
      tf.zeros([numHeads, (inputs['keys'] as tf.TensorInfo).shape[0] ?? 0]),
    );
    const answer = await ask({ patch });
    restore();
    const problem = 'head 1 sums to 0.000 instead of 1 for the patch in row 6, column 8';
    expect(answer).toEqual({ ok: false, error: { code: 'wrong-result', problem } });
  });
});

describe('another model', () => {
  const checkpoint = async (change: (model: LoadedModel) => LoadedModel = (model) => model) => {
    const load = checkpointModel({
      id: 'tiny',
      title: 'Tiny',
      files: [await openFixture('moco-v3.pth.tar')],
      sha256: null,
      hints: {},
    });
    const loaded = await load(signal, ignore);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
    return change(loaded.value);
  };
  const framing: FramingOptions = { shape: 'square', sidePx: 16 };
  const lookWith = (used: Engine, key = 'model', onRead = ignore) =>
    lookAtHeads(used, photo, { framing, model: key, onRead });

  test('stands beside the first, and each answers with its own passes', async () => {
    const used = await started();
    const first = await lookWith(used);
    const added = await used.addModel('tiny', await checkpoint(), signal);
    expect(added).toMatchObject({
      ok: true,
      value: { id: 'tiny', title: 'Tiny', numHeads: 12, patchSizePx: 2 },
    });
    expect(await lookWith(used, 'tiny')).toMatchObject({
      ok: true,
      value: { result: { numHeads: 12, rows: 8, columns: 8 } },
    });
    let reads = 0;
    const again = await lookWith(used, 'model', () => (reads += 1));
    expect(reads).toBe(0);
    expect(first.ok && first.value.result.maps).toEqual(again.ok && again.value.result.maps);
    used.dispose();
  });

  test('under the same key takes the place of the first, which is freed to its last tensor', async () => {
    const used = await started();
    const before = tensors();
    await lookWith(used);
    expect((await used.addModel('model', await checkpoint(), signal)).ok).toBe(true);
    let reads = 0;
    expect(await lookWith(used, 'model', () => (reads += 1))).toMatchObject({
      ok: true,
      value: { result: { numHeads: 12 } },
    });
    expect(reads).toBe(1);
    const again = await nodePlatform.load(signal, ignore);
    expect(again.ok && (await used.addModel('model', again.value, signal)).ok).toBe(true);
    expect(tensors()).toEqual(before);
    used.dispose();
  });

  test('that takes too much room makes the one go that was used longest ago, with its passes', async () => {
    const loaded = await nodePlatform.load(signal, ignore);
    if (!loaded.ok) throw new Error('no model');
    const bytes = 4 * loaded.value.parameterCount;
    const used = new Engine(await openChosen(), undefined, { modelBytes: bytes + 1000, passBytes: 2 ** 24 });
    expect((await used.addModel('model', loaded.value, signal)).ok).toBe(true);
    await lookWith(used);
    const before = tensors();
    expect((await used.addModel('tiny', await checkpoint(), signal)).ok).toBe(true);
    expect(used.describeModel('model')).toBeNull();
    expect(used.describeModel('tiny')).toMatchObject({ id: 'tiny' });
    expect(tensors().bytes).toBeLessThan(before.bytes);
    await expect(lookWith(used)).rejects.toThrow('not on the device');
    used.dispose();
  });

  test('is let go of as it goes to the device: main memory never holds it twice', async () => {
    const used = await started();
    const model = await checkpoint();
    expect(model.parameters.size).toBeGreaterThan(0);
    expect((await used.addModel('tiny', model, signal)).ok).toBe(true);
    expect([...model.parameters.keys()]).toEqual([]);
    used.dispose();
  });

  test('that is cancelled while it is tried leaves the one in use, and no tensor', async () => {
    const used = await started();
    const before = tensors();
    const controller = new AbortController();
    const exchange = used.addModel('tiny', await checkpoint(), controller.signal);
    controller.abort();
    expect(await exchange).toEqual({ ok: false, error: { code: 'cancelled' } });
    expect(used.describeModel('model')?.id).toBe(id);
    expect(used.describeModel('tiny')).toBeNull();
    expect(tensors()).toEqual(before);
    used.dispose();
  });

  test('whose parameters compute no attention is refused, and the one in use answers as before', async () => {
    const used = await started();
    const answer = await lookWith(used);
    const before = tensors();
    const broken = await checkpoint((model) => ({
      ...model,
      parameters: new Map(
        [...model.parameters].map(([name, tensor]) => [
          name,
          name === 'blocks.1.attn.qkv.weight'
            ? { ...tensor, values: new Float32Array(tensor.values.length).fill(NaN) }
            : tensor,
        ]),
      ),
    }));
    expect(await used.addModel('tiny', broken, signal)).toMatchObject({
      ok: false,
      error: { code: 'model-fails-check' },
    });
    expect(used.describeModel('model')?.id).toBe(id);
    expect(used.describeModel('tiny')).toBeNull();
    expect(tensors()).toEqual(before);
    const after = await lookWith(used);
    expect(answer.ok && answer.value.result.maps).toEqual(after.ok && after.value.result.maps);
    used.dispose();
  });
});

describe('where the machine fails', () => {
  let restore = ignore;
  afterEach(() => {
    restore();
    restore = ignore;
  });

  let looks = 0;
  /** Of a photograph that was not seen before. */
  const look = (framing = small) => lookAtHeads(engine, photo, { framing, id: `failing ${++looks}` });

  test('a device that gives zeros for many tokens is found out before its first picture is believed', async () => {
    const own = tf.getKernel('DinoscopeAttention', 'wasm').kernelFunc;
    restore = replaceKernel('DinoscopeAttention', 'wasm', (call) => {
      const result = own(call) as tf.TensorInfo;
      const [tokens = 0] = result.shape;
      return tokens > 60 ? tf.zeros(result.shape) : result;
    });
    const used = await started();
    const lookAt = (sidePx: number) => lookAtHeads(used, photo, { framing: { shape: 'photograph', sidePx } });
    expect(await lookAt(small.sidePx)).toMatchObject({ ok: true });
    expect(await lookAt(2 * small.sidePx)).toMatchObject({
      ok: false,
      error: { code: 'wrong-result', problem: expect.stringContaining('with 193 tokens') as string },
    });
    used.dispose();
  });

  test('an input that no array can hold is out of memory, with its tokens', async () => {
    const framing: FramingOptions = { shape: 'square', sidePx: 2 ** 37 * patchSizePx };
    expect(await look(framing)).toEqual({
      ok: false,
      error: { code: 'out-of-memory', tokens: 1 + 2 ** 74 },
    });
  });

  test.each([
    ['its heap at its end', new Error('Aborted(Cannot enlarge memory arrays)')],
    ['an array that is refused', new RangeError('Array buffer allocation failed')],
  ])('%s is out of memory, keeps no tensor, and the next photograph goes on', async (_, error) => {
    const before = tensors();
    restore = replaceKernel('DinoscopeLinear', 'wasm', () => {
      throw error;
    });
    expect(await look()).toEqual({ ok: false, error: { code: 'out-of-memory', tokens: 49 } });
    expect(tensors()).toEqual(before);
    restore();
    restore = ignore;
    expect(await look()).toMatchObject({ ok: true });
  });

  test('numbers that are no attention are not given out', async () => {
    restore = replaceKernel('DinoscopeQueryRows', 'wasm', ({ inputs }) =>
      tf.zeros([numHeads, (inputs['keys'] as tf.TensorInfo).shape[0] ?? 0]),
    );
    expect(await look()).toEqual({
      ok: false,
      error: { code: 'wrong-result', problem: expect.stringMatching(/head 1 sums to 0/) as string },
    });
  });

  test.each([
    new TypeError('x is undefined'),
    new RangeError('Invalid array length'),
    new WebAssembly.RuntimeError('memory access out of bounds'),
  ])('a bug is not taken for a failure: %s', async (bug) => {
    restore = replaceKernel('DinoscopeLinear', 'wasm', () => {
      throw bug;
    });
    await expect(look()).rejects.toBe(bug);
  });
});
