/** The worker's entry: messages in, the engine's answers out. Owns every tensor; the page never sees one. */
import simdWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import plainWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import { failureOf, type Failure, type FailureCode } from '../core/failure.ts';
import type { PhotoNotice } from '../core/photo.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { Engine, isOutOfMemory } from '../engine/engine.ts';
import type { WasmAssets } from '../gpu/open-backend.ts';
import { openPhoto, readPixels, shrinkForScreen } from '../media/decode-photo.ts';
import { openBrowserSource } from '../models/browser-source.ts';
import { tfjsModel } from '../models/load-model.ts';
import type { CallMessage, EngineContract, EngineMethod, FromWorker, ToWorker } from '../rpc/contract.ts';

type Answer<M extends EngineMethod> = Promise<Result<EngineContract[M]['result'], Failure>>;

interface CallContext<M extends EngineMethod> {
  readonly signal: AbortSignal;
  onProgress(progress: EngineContract[M]['progress']): void;
}

type Handlers = {
  [M in EngineMethod]: (request: EngineContract[M]['request'], context: CallContext<M>) => Answer<M>;
};

/** After these the engine's memory or device is not to be trusted: the client starts another worker. */
const finalCodes: ReadonlySet<FailureCode> = new Set([
  'device-lost',
  'out-of-memory',
  'gpu-error',
  'wrong-result',
  'worker-crashed',
]);

const wasmAssets: WasmAssets = {
  paths: {
    'tfjs-backend-wasm.wasm': plainWasmUrl,
    'tfjs-backend-wasm-simd.wasm': simdWasmUrl,
    'tfjs-backend-wasm-threaded-simd.wasm': threadedWasmUrl,
  },
  prepareThreads: async () => (await import('../gpu/threaded-wasm.ts')).prepareThreads(),
};

let engine: Engine | null = null;
const open = new Map<number, AbortController>();
/** The end of the line: attends run one after the other, each with the whole device. */
let lastAttend: Promise<unknown> = Promise.resolve();

const post = (message: FromWorker, transfer: Transferable[] = []): void =>
  globalThis.postMessage(message, { transfer });

const handlers: Handlers = {
  async start({ modelUrl, backend }, { signal, onProgress }) {
    engine?.dispose();
    engine = null;
    const load = tfjsModel(await openBrowserSource(modelUrl));
    const started = await Engine.start({ backend, load, wasmAssets, signal, onProgress });
    if (!started.ok) return started;
    engine = started.value;
    return succeed({ backend: engine.backend, model: engine.model });
  },

  async attend({ photo, framing }, { signal, onProgress }) {
    if (engine === null) throw new Error('attend before start');
    onProgress({ stage: 'decode' });
    const decodeStart = performance.now();
    const opened = await openPhoto(photo);
    if (!opened.ok) return opened;
    const { bitmap, notices } = opened.value;
    const { pixels, transparent } = readPixels(bitmap);
    bitmap.close();
    if (signal.aborted) return fail({ code: 'cancelled' });
    const decodeMs = performance.now() - decodeStart;
    const result = await engine.attend(pixels, { framing, signal, onProgress });
    if (!result.ok) return result;
    const allNotices: PhotoNotice[] = transparent ? [...notices, 'alpha-flattened'] : [...notices];
    return succeed({ ...result.value, decodeMs, notices: allNotices });
  },

  async decode({ photo, maxSidePx }) {
    const opened = await openPhoto(photo);
    if (!opened.ok) return opened;
    const { bitmap, notices } = opened.value;
    const photoSizePx = { height: bitmap.height, width: bitmap.width };
    return succeed({ bitmap: await shrinkForScreen(bitmap, maxSidePx), photoSizePx, notices });
  },
};

function transferablesOf(result: EngineContract[EngineMethod]['result']): Transferable[] {
  if ('maps' in result) return [result.maps.buffer, result.registerMaps.buffer, result.specialShares.buffer];
  return 'bitmap' in result ? [result.bitmap] : [];
}

/** Pixels that do not fit into memory, or a bug. */
function failureOfCrash(error: unknown): Failure {
  if (isOutOfMemory(error)) return { code: 'out-of-memory', tokens: null };
  return { code: 'worker-crashed', message: error instanceof Error ? error.message : String(error) };
}

/** Runs one call to its end and posts how it ended; never rejects. */
async function answer<M extends EngineMethod>(
  id: number,
  method: M,
  request: EngineContract[M]['request'],
  controller: AbortController,
): Promise<void> {
  const onProgress = (progress: EngineContract[M]['progress']): void =>
    post({ kind: 'progress', id, method, progress } as FromWorker);
  let outcome: Result<EngineContract[M]['result'], Failure>;
  try {
    outcome = await handlers[method](request, { signal: controller.signal, onProgress });
  } catch (error) {
    // A bug, or a device that broke where no one expected it: say so and let the client start afresh.
    outcome = fail(failureOf(error) ?? failureOfCrash(error));
  }
  open.delete(id);
  if (outcome.ok)
    post({ kind: 'done', id, method, result: outcome.value } as FromWorker, transferablesOf(outcome.value));
  // The client fails every open call with it, this one too, and starts another worker.
  else if (method === 'attend' && finalCodes.has(outcome.error.code))
    post({ kind: 'gone', failure: outcome.error });
  else post({ kind: 'failed', id, failure: outcome.error });
}

function receive(message: CallMessage): void {
  const { id, method, request } = message;
  const controller = new AbortController();
  open.set(id, controller);
  if (method !== 'attend') {
    void answer(id, method, request, controller);
    return;
  }
  let isWaiting = true;
  controller.signal.addEventListener('abort', () => {
    // A call that has not begun ends here and now, not when the ones before it are done.
    if (isWaiting && open.delete(id)) post({ kind: 'failed', id, failure: { code: 'cancelled' } });
  });
  lastAttend = lastAttend.then(() => {
    isWaiting = false;
    return controller.signal.aborted ? undefined : answer(id, method, request, controller);
  });
}

globalThis.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'cancel') open.get(data.id)?.abort();
  else receive(data);
});
