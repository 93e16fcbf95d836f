import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { elementCount, type VitArchitecture } from '../core/architecture.ts';
import type { Failure } from '../core/failure.ts';
import { decodeFloat16, encodeFloat16 } from '../core/float16.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import type { Timed } from '../gpu/kernels/timed-choice.ts';
import { tuningOf } from '../gpu/kernels/tuning.ts';
import type { PixelGrid } from '../media/resample.ts';
import type { LoadedModel, ModelLoader } from '../models/loaded-model.ts';
import { countPipelines } from '../testing/count-pipelines.ts';
import { useOwnDevice } from '../testing/own-device.ts';
import { randomParameters } from '../testing/random-parameters.ts';
import { vitSmall16 } from '../testing/vit-small-16.ts';
import { lookAtHeads } from '../testing/look-at-heads.ts';
import type { Engine } from './engine.ts';
import { startEngine } from './start-engine.ts';
import type { Remembered, TimingStore } from './tune-backend.ts';

const architecture: VitArchitecture = { ...vitSmall16, embedDim: 32, numHeads: 2, depth: 3, gridSize: 6 };
const ignore = (): void => {};

function model(sizes = architecture): LoadedModel {
  const parameters = randomParameters(sizes);
  const parameterCount = [...parameters.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return { id: 'tiny', title: 'Tiny', architecture: sizes, parameters, parameterCount };
}

/** A download that stands still once the sizes are known, until it is told how it ends. */
class HeldDownload {
  readonly load: ModelLoader;
  end: (result: Result<LoadedModel, Failure>) => void = ignore;
  private readonly ended = new Promise<Result<LoadedModel, Failure>>((resolve) => (this.end = resolve));

  constructor(sizes = architecture) {
    this.load = (signal, _, onArchitecture) => {
      signal.addEventListener('abort', () => this.end(fail({ code: 'cancelled' })));
      onArchitecture?.(sizes);
      return this.ended;
    };
  }
}

/** One entry is enough. */
class MemoryStore implements TimingStore {
  kept: Remembered | null;
  readonly forgotten: Promise<void>;
  private hasForgotten: () => void = ignore;

  constructor(kept: Remembered | null = null) {
    this.kept = kept;
    this.forgotten = new Promise((resolve) => (this.hasForgotten = resolve));
  }

  read(): Promise<Remembered | null> {
    return Promise.resolve(this.kept);
  }

  write(_: string, remembered: Remembered): Promise<void> {
    this.kept = remembered;
    return Promise.resolve();
  }

  forget(): Promise<void> {
    this.kept = null;
    this.hasForgotten();
    return Promise.resolve();
  }
}

const start = (load: ModelLoader, timings?: TimingStore, { signal } = new AbortController()) =>
  startEngine({
    backend: 'webgpu',
    model: { key: 'model', load },
    wasmAssets: null,
    ...(timings === undefined ? {} : { timings }),
    signal,
    onProgress: ignore,
  });

const photo: PixelGrid = {
  height: 240,
  width: 320,
  channels: 3,
  values: Uint8Array.from({ length: 240 * 320 * 3 }, (_, i) => (i * 7) % 256),
};
const { signal: never } = new AbortController();

/** Photographs of several sizes, and a patch of each. */
async function use(engine: Engine): Promise<void> {
  for (const sidePx of [96, 224, 320, 480]) {
    const framing = { shape: 'photograph', sidePx } as const;
    const id = `photo ${sidePx}`;
    expect(await lookAtHeads(engine, photo, { framing, id })).toMatchObject({ ok: true });
    const patch = { row: 1, column: 1 };
    expect(await lookAtHeads(engine, photo, { framing, id, patch })).toMatchObject({ ok: true });
  }
}

/**
 * Each of the three sizes of image has its shaders tried in an error scope of its own.
 * @param before so many scopes that are for something else come first
 */
function watchSizes(before = 0): () => Promise<void> {
  const scopes = vi.spyOn(GPUDevice.prototype, 'pushErrorScope');
  const tried = (): number => scopes.mock.calls.filter(([filter]) => filter === 'validation').length;
  return () => vi.waitFor(() => expect(tried()).toBe(before + 3), { timeout: 200_000 });
}

async function endWell(starting: ReturnType<typeof start>): Promise<Engine> {
  const started = await starting;
  if (!started.ok) throw new Error(JSON.stringify(started.error));
  return started.value;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('while the parameters are on their way', () => {
  test('the passes are compiled: afterwards no photograph waits for it', async () => {
    const pipelines = countPipelines();
    const allSizesAsked = watchSizes();
    const download = new HeldDownload();
    const starting = start(download.load);
    await allSizesAsked();
    const before = { ...pipelines };
    download.end(succeed(model()));
    const engine = await endWell(starting);
    await use(engine);
    expect(pipelines).toEqual(before);
    engine.dispose();
  });

  test.each([
    ['float32', (values: Float32Array): Float32Array => values],
    ['float16', (values: Float32Array): Float32Array => decodeFloat16(encodeFloat16(values))],
  ])(
    'so are they with the kernels that are remembered, and nothing is timed: %s weights',
    async (_, round) => {
      const remembered: Timed = {
        linear: {
          '32 → 96': { float32: 'shared-8x8-4x4', float16: 'registers-8x8' },
          '32 → 128': { float32: 'registers-4x8', float16: null },
        },
        linearNorm: { '128 → 32': { float32: 'registers-4x8', float16: 'apart' } },
        attention: 'read-2',
      };
      const store = new MemoryStore(remembered);
      const pipelines = countPipelines();
      // What is remembered computes once first: four layers, one of them with weights of either size, the two that end half a block, and the attention.
      const allSizesAsked = watchSizes(8);
      const download = new HeldDownload();
      const starting = start(download.load, store);
      await allSizesAsked();
      const before = { ...pipelines };
      const loaded = model();
      for (const [name, { shape, values }] of loaded.parameters)
        loaded.parameters.set(name, { shape, values: round(values) });
      download.end(succeed(loaded));
      const engine = await endWell(starting);
      await use(engine);
      expect(pipelines).toEqual(before);
      expect(store.kept).toBe(remembered);
      engine.dispose();
    },
  );

  test('so are the kernels that will be timed, and no timing waits for it', async () => {
    const store = new MemoryStore();
    const pipelines = countPipelines();
    const download = new HeldDownload();
    const starting = start(download.load, store);
    await store.forgotten;
    const { waitedFor } = pipelines;
    download.end(succeed(model()));
    const engine = await endWell(starting);
    expect(pipelines.waitedFor).toBe(waitedFor);
    expect(store.kept).not.toBeNull();
    engine.dispose();
  });
});

describe('a start that comes to nothing while it compiles', () => {
  const failure = { code: 'model-unreachable', url: 'https://example.org/one.bin', status: 404 } as const;

  /** The end of a start that was `stopped` with candidates still to be compiled. */
  async function stop(how: (download: HeldDownload, controller: AbortController) => void) {
    const store = new MemoryStore();
    const pipelines = countPipelines();
    const download = new HeldDownload();
    const controller = new AbortController();
    const write = vi.spyOn(store, 'write');
    const { numTensors } = tf.memory();
    const starting = start(download.load, store, controller);
    await vi.waitFor(() => expect(write).toHaveBeenCalled(), { timeout: 200_000, interval: 1 });
    how(download, controller);
    const ended = await starting;
    return { ended, store, pipelines, leftTensors: tf.memory().numTensors - numTensors };
  }

  test('because the download fails says so, compiles no further, and will time the next time', async () => {
    const { ended, store, pipelines, leftTensors } = await stop((download) => download.end(fail(failure)));
    expect(ended).toEqual({ ok: false, error: failure });
    expect(store.kept).toBeNull();
    expect(leftTensors).toBe(0);
    const before = { ...pipelines };
    const engine = await endWell(start(() => Promise.resolve(succeed(model()))));
    expect(pipelines.waitedFor).toBeGreaterThan(before.waitedFor); // the next device's self-check
    await use(engine);
    engine.dispose();
  });

  test('because nobody wants it any more ends as cancelled', async () => {
    const { ended, store, leftTensors } = await stop((_, controller) => controller.abort());
    expect(ended).toEqual({ ok: false, error: { code: 'cancelled' } });
    expect(store.kept).toBeNull();
    expect(leftTensors).toBe(0);
  });

  test('because the device is lost says so, and it is remembered that they were tried', async () => {
    useOwnDevice();
    const { ended, store } = await stop((download) => {
      (tf.backend() as unknown as { device: GPUDevice }).device.destroy();
      download.end(succeed(model()));
    });
    expect(ended).toMatchObject({ ok: false, error: { code: 'device-lost' } });
    expect(store.kept).toEqual({ attempts: 1 });
  });

  test('because no memory holds such a model says what the download says', async () => {
    const compiling = vi.spyOn(GPUDevice.prototype, 'pushErrorScope');
    const download = new HeldDownload({ ...architecture, embedDim: 2 ** 40, numHeads: 2 ** 34 });
    const starting = start(download.load);
    const invalid = { code: 'model-manifest-invalid', problem: 'its weights take too many bytes' } as const;
    await vi.waitFor(() => expect(compiling).toHaveBeenCalled(), { timeout: 200_000 });
    download.end(fail(invalid));
    expect(await starting).toEqual({ ok: false, error: invalid });
  });

  test('because the back end does not open leaves nothing to compile, and nobody waits for the download', async () => {
    vi.spyOn(GPUAdapter.prototype, 'requestDevice').mockRejectedValue(new Error('no device today'));
    const pipelines = countPipelines();
    expect(await start(new HeldDownload().load)).toMatchObject({
      ok: false,
      error: { code: 'backend-unavailable' },
    });
    expect(pipelines).toEqual({ waitedFor: 0, beside: 0 });
  });
});

test('a model that is refused leaves the kernels of the one in use as they were', async () => {
  const store = new MemoryStore({ linear: {}, linearNorm: {}, attention: 'read-2' });
  const engine = await endWell(start(() => Promise.resolve(succeed(model())), store));
  expect(tuningOf(tf.backend()).attention?.queries).toBe(2);
  store.kept = { linear: {}, linearNorm: {}, attention: 'read-4' };
  const broken = model({ ...architecture, mlpRatio: 2 });
  for (const { values } of broken.parameters.values()) values.fill(NaN);
  const taken = await engine.addModel('other', broken, never);
  expect(taken).toMatchObject({ ok: false, error: { code: 'model-fails-check' } });
  expect(tuningOf(tf.backend()).attention?.queries).toBe(2);
  await use(engine);
  engine.dispose();
});
