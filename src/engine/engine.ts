/**
 * A back end and a model, ready to look at photographs. The page's worker and the command line run the same engine;
 * only where bytes and pixels come from differs.
 */
import type { PassProgress, StartProgress } from '../core/progress.ts';
import { specialTokenCount, type VitArchitecture } from '../core/architecture.ts';
import { type BackendName, FailureError, type Failure } from '../core/failure.ts';
import { isOnGrid, type PatchPosition } from '../core/geometry.ts';
import type { FramingOptions } from '../core/photo.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import { rememberTuning } from '../gpu/kernels/tune-kernels.ts';
import type { OpenBackend } from '../gpu/open-backend.ts';
import type { WasmAssets } from '../gpu/open-wasm.ts';
import { framePhotograph } from '../media/framing.ts';
import { prepareInput } from '../media/prepare-input.ts';
import type { PixelGrid } from '../media/resample.ts';
import type { LoadedModel, ModelLoader } from '../models/loaded-model.ts';
import type { AttentionResult, PatchAttentionResult } from '../rpc/engine-contract.ts';
import type { BackendChoice, BackendDescription } from '../core/backend.ts';
import type { ModelDescription } from '../core/model.ts';
import { attendAndKeep, keptBytes } from '../vit/attend.ts';
import { attendPatches } from '../vit/attend-patches.ts';
import { proveSize } from '../vit/prove-size.ts';
import { chooseBackend, type ChosenBackend } from './choose-backend.ts';
import { compileAhead } from './compile-ahead.ts';
import { KeptPasses } from './kept-passes.ts';
import { failureOfComputing } from './out-of-memory.ts';
import {
  recallThreads,
  rememberThreads,
  tuneBackend,
  tuneThreads,
  type TimingStore,
} from './tune-backend.ts';
import { uploadModel, type UploadedModel } from './upload-model.ts';

export interface EngineOptions {
  readonly backend: BackendChoice;
  /** Where the model comes from: a folder in tfjs format, a checkpoint file. */
  readonly load: ModelLoader;
  readonly wasmAssets: WasmAssets | null;
  /** See `ChooseOptions`. */
  readonly silent?: readonly BackendName[];
  /** Where it is remembered which kernels are fastest on WebGPU, and how many threads on wasm. Without it the usual ones run. */
  readonly timings?: TimingStore;
  readonly signal: AbortSignal;
  onProgress(progress: StartProgress): void;
}

export type EngineResult = Omit<AttentionResult, 'decodeMs' | 'notices'>;

export interface AttendCall {
  readonly framing: FramingOptions;
  /** A name under which the photograph's patches can be asked afterwards, see `attendPatch`; without one nothing is kept. */
  readonly keepAs?: string;
  readonly signal: AbortSignal;
  onProgress(progress: PassProgress): void;
}

/**
 * Slower forward passes than this are paced, block by block, so that progress shows and a cancel is heard. A fast GPU's
 * whole pass is encoded in a few milliseconds, and waiting for each block would double its time.
 */
const pacedFromMs = 500;

/** One turn of the event loop: messages that came meanwhile are handled. Not a timer, which browsers stretch to 4 ms. */
export const giveWay = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener('message', () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(null);
  });

/** @throws what is no failure but a bug */
function failWith(error: unknown): Result<never, Failure> {
  const failure = failureOfComputing(error);
  if (failure === null) throw error;
  return fail(failure);
}

/**
 * Has the kernels chosen for a model's shapes where that is wanted, and uploads it. Whoever cancels meanwhile gets none.
 * @param onStep told before each step that may take long
 */
async function bringToDevice(
  model: LoadedModel,
  backend: OpenBackend,
  timings: TimingStore | undefined,
  signal: AbortSignal,
  onStep: () => void = () => {},
): Promise<Result<UploadedModel, Failure>> {
  onStep();
  try {
    if (timings !== undefined) await tuneBackend(backend, model.architecture, timings);
  } catch (error) {
    return failWith(error);
  }
  await giveWay();
  if (signal.aborted) return fail({ code: 'cancelled' });
  onStep();
  const uploaded = await uploadModel(model, backend.faults, onStep);
  if (!uploaded.ok || !signal.aborted) return uploaded;
  uploaded.value.parameters.dispose();
  return fail({ code: 'cancelled' });
}

/** Once the model is here, since times taken beside other work would be worth nothing. */
async function settleThreads({ silent = [] }: EngineOptions, timings: TimingStore): Promise<void> {
  // wasm did not answer with threads, and runs without: the next start does not wait for it.
  if (silent.includes('wasm')) await rememberThreads(timings, 1);
  else if ((await recallThreads(timings)) === null) await tuneThreads(timings);
}

/**
 * @param architecture null where nobody came to know it
 * @param isWanted whether there is still time to compile
 * @param onNone told at once where there is no back end, which is more than that something could not be compiled
 */
async function openAndCompile(
  { backend, wasmAssets, timings, silent = [], onProgress }: EngineOptions,
  architecture: Promise<VitArchitecture | null>,
  isWanted: () => boolean,
  onNone: () => void,
): Promise<Result<ChosenBackend, Failure>> {
  const working = (name: BackendName | null): void => onProgress({ stage: 'working', backend: name });
  const onSelfCheck = (): void => onProgress({ stage: 'self-check' });
  const threads = timings === undefined ? null : await recallThreads(timings);
  const chosen = await chooseBackend(backend, { wasmAssets, threads, silent, onTry: working, onSelfCheck });
  working(null);
  if (!chosen.ok) {
    onNone();
    return chosen;
  }
  const known = await architecture;
  try {
    const goesOn = (): boolean => {
      working(chosen.value.backend.name);
      return isWanted();
    };
    if (known !== null) await compileAhead(chosen.value.backend, known, timings, goesOn);
    working(null);
    return chosen;
  } catch (error) {
    return failWith(error);
  }
}

/** One photograph differs from itself by how it is framed. */
const nameOf = (keepAs: string, { shape, sidePx }: FramingOptions): string => `${shape} ${sidePx} ${keepAs}`;

/** @throws what is no failure but a bug */
function failureOfPass(error: unknown, tokens: number): Failure {
  const failure = failureOfComputing(error);
  if (failure === null) throw error;
  return failure.code === 'out-of-memory' ? { ...failure, tokens } : failure;
}

export class Engine {
  readonly backend: BackendDescription;
  private readonly chosen: ChosenBackend;
  private readonly timings: TimingStore | undefined;
  private used: UploadedModel;
  /** WebGPU only: the most tokens that a pass has had in little time. Larger passes wait for each block. */
  private fastTokens = 0;
  private readonly kept = new KeptPasses();

  private constructor(chosen: ChosenBackend, model: UploadedModel, timings: TimingStore | undefined) {
    const { backend, reason, selfCheckMaxAbsDifference } = chosen;
    this.chosen = chosen;
    this.timings = timings;
    this.backend = { name: backend.name, device: backend.device, reason, selfCheckMaxAbsDifference };
    this.used = model;
  }

  /** Of the device: whoever else computes on it listens to the same. */
  get faults(): FaultWatch {
    return this.chosen.backend.faults;
  }

  get architecture(): VitArchitecture {
    return this.used.parameters.architecture;
  }

  get model(): ModelDescription {
    return this.used.description;
  }

  /** Opens and checks the back end while the model downloads, and compiles for its sizes as soon as they are known. */
  static async start(options: EngineOptions): Promise<Result<Engine, Failure>> {
    const { load, timings, signal, onProgress } = options;
    onProgress({ stage: 'backend' });
    let isLoading = true;
    const stop = new AbortController();
    if (signal.aborted) stop.abort();
    signal.addEventListener('abort', () => stop.abort(), { once: true });
    let tell: (architecture: VitArchitecture | null) => void = () => {};
    const architecture = new Promise<VitArchitecture | null>((resolve) => (tell = resolve));
    const loading = load(
      stop.signal,
      (progress) => onProgress({ stage: 'download', ...progress }),
      tell,
    ).finally(() => {
      isLoading = false;
      tell(null);
    });
    let hasBackend = true;
    const onNone = (): void => {
      // Nobody waits for a model that there will be nothing to run on.
      hasBackend = false;
      stop.abort();
    };
    const opening = openAndCompile(options, architecture, () => isLoading && !signal.aborted, onNone);
    // To the end of both, whatever comes of either: nothing goes on compiling on a device that is somebody else's by then.
    await Promise.allSettled([opening, loading]);
    const [chosen, model] = [await opening, await loading];
    if (!chosen.ok && !hasBackend && !signal.aborted) return chosen;
    if (!model.ok) return model;
    if (!chosen.ok) return chosen;
    // Compiling may have gone on for longer than the download.
    if (signal.aborted) return fail({ code: 'cancelled' });
    const { backend } = chosen.value;
    const onStep = (): void => onProgress({ stage: 'working', backend: backend.name });
    try {
      if (timings !== undefined && backend.name === 'wasm') await settleThreads(options, timings);
    } catch (error) {
      return failWith(error);
    }
    const uploaded = await bringToDevice(model.value, backend, timings, signal, onStep);
    return uploaded.ok ? succeed(new Engine(chosen.value, uploaded.value, timings)) : uploaded;
  }

  /**
   * Takes another model in place of the one in use, which is freed; where the new one fails or is cancelled, nothing changes.
   * Not to be called while an `attend` runs: whoever owns the engine keeps them in line.
   */
  async useModel(model: LoadedModel, signal: AbortSignal): Promise<Result<void, Failure>> {
    const putBack = rememberTuning();
    const uploaded = await bringToDevice(model, this.chosen.backend, this.timings, signal);
    if (!uploaded.ok) {
      putBack();
      return uploaded;
    }
    this.kept.clear();
    this.used.parameters.dispose();
    this.used = uploaded.value;
    this.fastTokens = 0;
    return succeed(undefined);
  }

  /** @param pixels the upright photograph over white */
  async attend(
    pixels: PixelGrid,
    { framing, keepAs, signal, onProgress }: AttendCall,
  ): Promise<Result<EngineResult, Failure>> {
    onProgress({ stage: 'prepare' });
    const prepareStart = performance.now();
    const frame = framePhotograph(pixels, framing, this.model.patchSizePx);
    const tokens = specialTokenCount(this.model) + frame.rows * frame.columns;
    try {
      const input = prepareInput(pixels, frame);
      const prepareMs = performance.now() - prepareStart;
      const { depth } = this.model;
      onProgress({ stage: 'forward', blocksDone: 0, depth });
      await giveWay();
      if (signal.aborted) return fail({ code: 'cancelled' });
      const { faults } = this.chosen.backend;
      const isPaced = this.backend.name !== 'webgpu' || tokens > this.fastTokens;
      const afterBlock = (blocksDone: number): Promise<void> =>
        isPaced ? this.afterBlock(blocksDone, signal, onProgress) : Promise.resolve();
      const name = keepAs === undefined ? null : nameOf(keepAs, framing);
      if (name !== null) this.kept.makeRoom(name, keptBytes(tokens, this.architecture));
      await proveSize(this.used.parameters, input, frame.inputSizePx, { faults, signal });
      const { attention, pass } = await attendAndKeep(this.used.parameters, input, frame.inputSizePx, {
        faults,
        afterBlock,
      });
      if (name === null) pass.dispose();
      else this.kept.keep(name, pass);
      if (attention.forwardMs <= pacedFromMs) this.fastTokens = Math.max(this.fastTokens, tokens);
      else this.fastTokens = Math.min(this.fastTokens, tokens - 1);
      return succeed({
        ...attention,
        box: frame.box,
        photoSizePx: { height: pixels.height, width: pixels.width },
        inputSizePx: frame.inputSizePx,
        prepareMs,
      });
    } catch (error) {
      return fail(failureOfPass(error, tokens));
    }
  }

  /**
   * What a patch looks at on a photograph that was attended: one small product and no pass.
   * @param keptAs the name that `attend` was given, with the same framing
   * @returns null where the pass is no longer there, and `attend` has to run again first
   */
  async attendPatch(
    keptAs: string,
    framing: FramingOptions,
    patch: PatchPosition,
  ): Promise<Result<PatchAttentionResult, Failure> | null> {
    const pass = this.kept.find(nameOf(keptAs, framing));
    if (pass === null) return null;
    // Asked of a model that has been exchanged meanwhile: nobody waits for the answer.
    if (!isOnGrid(patch, pass)) return fail({ code: 'cancelled' });
    const start = performance.now();
    try {
      const [attention] = await attendPatches(pass, [patch]);
      if (attention === undefined) throw new Error('one patch was asked');
      return succeed({ ...attention, lookMs: performance.now() - start });
    } catch (error) {
      return fail(failureOfPass(error, pass.tokens));
    }
  }

  dispose(): void {
    this.kept.clear();
    this.used.parameters.dispose();
  }

  private async afterBlock(
    blocksDone: number,
    signal: AbortSignal,
    onProgress: AttendCall['onProgress'],
  ): Promise<void> {
    await this.chosen.backend.finish();
    onProgress({ stage: 'forward', blocksDone, depth: this.model.depth });
    await giveWay();
    if (signal.aborted) throw new FailureError({ code: 'cancelled' });
  }
}
