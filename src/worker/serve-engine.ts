/** The engine's worker: answers the page's messages. It owns every tensor; the page has none. */
import * as tf from '@tensorflow/tfjs-core';
import { type Failure, isFinalFailure } from '../core/failure.ts';
import { succeed, type Result } from '../core/result.ts';
import type { ReadPhoto } from '../engine/engine.ts';
import { isOutOfMemory } from '../engine/out-of-memory.ts';
import { yieldToEventLoop } from '../core/yield-to-event-loop.ts';
import { openStorage } from '../library/opfs-storage.ts';
import { openPhoto } from '../media/decode-photo.ts';
import { encodeThumbnail } from '../media/thumbnail.ts';
import type { PixelGrid } from '../media/resample.ts';
import { computes } from '../lenses/computes.ts';
import type { LensCompute } from '../lenses/lens-compute.ts';
import type { LookAnswer } from '../lenses/lens-contract.ts';
import type { EngineContract, LookRequest } from '../rpc/engine-contract.ts';
import type { Enqueue } from '../rpc/serial-queue.ts';
import { crashed, serveCalls, type Handlers } from '../rpc/serve-calls.ts';
import type { RecogniseContract } from '../rpc/recognise-contract.ts';
import type { TrainingContract } from '../rpc/training-contract.ts';
import { createMaskHandlers, isMask } from './mask-handlers.ts';
import { EngineHost } from './engine-host.ts';
import type { ReadPhotograph } from './gather-features.ts';
import { arraysOfAnswer, isRecogniseAnswer } from './recognise-arrays.ts';
import { createRecogniseHandlers } from './recognise-handlers.ts';
import { createTrainingHandlers } from './training-handlers.ts';

/** What computes on the device. */
const finalMethods: ReadonlySet<keyof EngineContract> = new Set([
  'look',
  'useModel',
  'addModel',
  'train',
  'classify',
  'gatherFeatures',
  'vote',
  'trainProbe',
  'openProbe',
  'lookAlikes',
  'layOut',
]);

/** Upright, over white. */
async function readPhotograph(blob: Blob): Promise<Result<PixelGrid, Failure>> {
  const opened = await openPhoto(blob);
  if (!opened.ok) return opened;
  try {
    const read = await opened.value.readPixels();
    return read.ok ? succeed(read.value.pixels) : read;
  } finally {
    opened.value.close();
  }
}

/** What is kept of a collection's photograph to look at. */
const thumbnailSidePx = 96;

/** A collection's photograph: its pixels for the network, and its small picture. */
async function readForCollection(blob: Blob): Promise<Result<ReadPhotograph<ReadPhoto>, Failure>> {
  const opened = await openPhoto(blob);
  if (!opened.ok) return opened;
  const photo = opened.value;
  try {
    const read = await photo.readPixels();
    if (!read.ok) return read;
    const start = performance.now();
    const thumbnail = await encodeThumbnail(photo, thumbnailSidePx);
    return succeed({ pixels: read.value, thumbnail, thumbnailMs: performance.now() - start });
  } finally {
    photo.close();
  }
}

/** Where the GPU's buffers are counted, those that tfjs keeps for the next step are counted too. */
function memoryBytes(): number {
  const { numBytes, numBytesInGPUAllocated } = tf.memory() as tf.MemoryInfo & {
    numBytesInGPUAllocated?: number;
  };
  return numBytesInGPUAllocated ?? numBytes;
}

const createTraining = (host: EngineHost, enqueue: Enqueue): Handlers<TrainingContract> =>
  createTrainingHandlers({
    folders: openStorage('runs', { code: 'run-busy' }),
    tools: {
      enqueue,
      yieldToEventLoop,
      memoryBytes,
      now: () => performance.now(),
      today: () => new Date(),
    },
    faults: () => host.running.faults,
    currentArchitecture: () => host.usedArchitecture,
    loadCurrent: (signal) => host.loadUsed(signal),
    readPhotograph,
  });

const createRecognition = (host: EngineHost, enqueue: Enqueue): Handlers<RecogniseContract> =>
  createRecogniseHandlers<ReadPhoto>({
    folders: openStorage('collections', { code: 'collection-busy' }),
    enqueue,
    faults: () => host.running.faults,
    yieldToEventLoop,
    now: () => performance.now(),
    today: () => new Date(),
    bringModel: (model, options) => host.addModel({ model }, options),
    readPhotograph: readForCollection,
    isMask,
    pool: (...request) => host.pool(...request),
  });

/** A result's large arrays and bitmaps, which are transferred. */
function transferablesOf<M extends keyof EngineContract>(
  method: M,
  result: EngineContract[M]['result'],
  request: EngineContract[M]['request'],
): Transferable[] {
  if (method === 'look') {
    const { lens } = request as LookRequest;
    const { transfer } = computes[lens] as LensCompute<never, unknown>;
    const buffers = (result as LookAnswer<unknown>).flatMap((looked) =>
      looked.ok ? [...transfer(looked.value.result)] : [],
    );
    // Results of several photographs may share one.
    return [...new Set(buffers)];
  }
  if (isRecogniseAnswer(method))
    return arraysOfAnswer(method, result as RecogniseContract[typeof method]['result']).map(
      ({ buffer }) => buffer,
    );
  if ('cells' in result) return [result.cells.buffer];
  if ('kind' in result && result.kind === 'mask') return [result.facts.outline.values.buffer];
  return 'bitmap' in result ? [result.bitmap] : [];
}

/** Answers the calls of the page from now on. */
export function serveEngine(): void {
  const enqueue: Enqueue = (work, signal) => calls.enqueue(work, signal);
  const host = new EngineHost(enqueue);
  const handlers: Handlers<EngineContract> = {
    ...createTraining(host, enqueue),
    ...createRecognition(host, enqueue),
    ...createMaskHandlers(),
    start: (...call) => host.start(...call),
    useModel: (...call) => host.useModel(...call),
    addModel: (...call) => host.addModel(...call),
    look: (...call) => host.look(...call),
    forget: (...call) => host.forget(...call),
    decode: (...call) => host.decode(...call),
    saveMasks: (...call) => host.saveMasks(...call),
    classify: (...call) => host.classify(...call),
  };
  const calls = serveCalls<EngineContract>(handlers, {
    // Each look with the whole device; a photograph is forgotten after the looks that came before.
    oneByOne: ['look', 'forget'],
    isFinal: (method, failure) => finalMethods.has(method) && isFinalFailure(failure),
    transferablesOf,
    failureOfCrash: (error) =>
      isOutOfMemory(error) ? { code: 'out-of-memory', tokens: null } : crashed(error),
  });
}
