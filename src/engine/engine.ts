/**
 * A back end, the networks on it, and the passes that were run with them. The page's worker and the command line run
 * the same engine; only where bytes and pixels come from differs. It knows nothing about lenses: they ask it for
 * passes.
 */
import { specialTokenCount, type VitArchitecture } from '../core/architecture.ts';
import type { BackendDescription } from '../core/backend.ts';
import { type BackendName, FailureError, type Failure } from '../core/failure.ts';
import type { ModelDescription } from '../core/model.ts';
import { keyOfFraming, type FramingOptions, type PhotoNotice } from '../core/photo.ts';
import type { LookProgress } from '../core/progress.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import { rememberTuning } from '../gpu/kernels/timed-choice.ts';
import { framePhotograph } from '../media/framing.ts';
import { prepareInput } from '../media/prepare-input.ts';
import type { PixelGrid } from '../media/resample.ts';
import type { LoadedModel } from '../models/loaded-model.ts';
import { dropFreeBuffers } from '../gpu/free-buffers.ts';
import { runForward } from '../vit/forward.ts';
import { proveSize } from '../vit/prove-size.ts';
import { tappedBytes, type Tap } from '../vit/taps.ts';
import { ByteBudget } from './byte-budget.ts';
import type { ChosenBackend } from './choose-backend.ts';
import { uploadModel, type DeviceModel } from './device-model.ts';
import { failureOfComputing, failWith } from './out-of-memory.ts';
import { Pass } from './pass.ts';
import { tuneBackend, type TimingStore } from './tune-backend.ts';
import { yieldToEventLoop } from '../core/yield-to-event-loop.ts';

/** ViT-B/8 and ViT-S/16 beside each other. */
const modelBytes = 512 * 1024 * 1024;

/** Enough for one block of 110 photographs by ViT-S/16 at 480 px, or of eight by ViT-B/8 at 640 px. */
const passBytes = 160 * 1024 * 1024;
/**
 * Of these, what may stay of passes that nobody holds when a new one comes: the memory of WebAssembly never shrinks. 8 MiB are one block of some nine
 * photographs by the embedded model at 320 px, or all blocks of one; another pass takes a tenth of a second there.
 */
const restingPassBytes: Readonly<Record<BackendName, number>> = {
  webgpu: passBytes,
  wasm: 8 * 1024 * 1024,
  cpu: 8 * 1024 * 1024,
};

/** A photograph, upright and over white, and what was done to it. */
export interface ReadPhoto {
  readonly pixels: PixelGrid;
  readonly notices: readonly PhotoNotice[];
}

/** Something to look at: a photograph, or a frame of a film. */
export interface Source {
  /** The same each time that the same pixels are meant. */
  readonly id: string;
  /** Called only when a pass has to run. */
  read(): Promise<Result<ReadPhoto, Failure>>;
}

/** What a pass must tap, and what it may tap. */
export interface WantedTaps {
  readonly needs: readonly Tap[];
  /** For the next question; left out where it takes too much memory. */
  readonly keeps: readonly Tap[];
}

export interface PassRequest {
  /** The key of a model that was added. */
  readonly model: string;
  readonly source: Source;
  readonly framing: FramingOptions;
  readonly taps: WantedTaps;
  /** One of several passes that are held at once: it has what is needed and no more, and fails where it has no room beside those that are held. */
  readonly besideHeld?: boolean;
  readonly signal: AbortSignal;
  onProgress(progress: LookProgress): void;
}

/** A pass that is kept until it is released. */
export interface HeldPass {
  readonly pass: Pass;
  release(): void;
}

/** What the back end may keep for the next pass: more than a usual one takes, so that one after the other makes nothing anew. */
const freeBytes = 256 * 2 ** 20;

export interface EngineLimits {
  readonly modelBytes: number;
  readonly passBytes: number;
}

const nameOf = ({ model, source, framing }: PassRequest): string =>
  `${model} ${keyOfFraming(framing)} ${source.id}`;

/** @throws an error that is a bug and not a failure */
function failureOfPass(error: unknown, tokens: number): Failure {
  const failure = failureOfComputing(error);
  if (failure === null) throw error;
  return failure.code === 'out-of-memory' ? { ...failure, tokens } : failure;
}

export class Engine {
  readonly backend: BackendDescription;
  private readonly chosen: ChosenBackend;
  private readonly timings: TimingStore | undefined;
  private readonly models: ByteBudget<DeviceModel>;
  private readonly passes: ByteBudget<Pass>;
  /** The model whose choice of kernels is the current one. */
  private tuned: DeviceModel | null = null;

  constructor(
    chosen: ChosenBackend,
    timings: TimingStore | undefined,
    limits: EngineLimits = { modelBytes, passBytes },
  ) {
    const { backend, reason, selfCheckMaxAbsDifference } = chosen;
    this.chosen = chosen;
    this.timings = timings;
    this.backend = { name: backend.name, device: backend.device, reason, selfCheckMaxAbsDifference };
    this.models = new ByteBudget(limits.modelBytes);
    this.passes = new ByteBudget(limits.passBytes, restingPassBytes[backend.name]);
  }

  /** Faults of the device, for everybody who computes on it. */
  get faults(): FaultWatch {
    return this.chosen.backend.faults;
  }

  /** @returns null where it was never added, or was disposed to free memory */
  describeModel(key: string): ModelDescription | null {
    return this.models.find(key)?.description ?? null;
  }

  architectureOf(key: string): VitArchitecture | null {
    return this.models.find(key)?.architecture ?? null;
  }

  /**
   * Brings another model onto the device: kernels chosen, checked, and run once. The least recently used models are
   * disposed where the memory is needed. Where it fails or is cancelled, nothing changes. Must not be called while a
   * pass runs.
   * @param key a model that had it is replaced
   * @param onStep told before each step that may take long
   */
  async addModel(
    key: string,
    loaded: LoadedModel,
    signal: AbortSignal,
    onStep: () => void = () => {},
  ): Promise<Result<ModelDescription, Failure>> {
    const putBack = rememberTuning();
    const uploaded = await this.bringToDevice(loaded, signal, onStep);
    if (!uploaded.ok) {
      putBack();
      return uploaded;
    }
    const model = uploaded.value;
    this.dropPassesOf(this.models.find(key));
    this.models.add(key, model);
    this.tuned = model;
    this.passes.dropWhere(({ deviceModel }) => deviceModel.isGone);
    return succeed(model.description);
  }

  /**
   * A photograph's pass: one that was kept, if it has the taps, otherwise a new one.
   * @returns a pass that the caller releases
   */
  async pass(request: PassRequest): Promise<Result<HeldPass, Failure>> {
    const model = this.models.find(request.model);
    if (model === null) throw new Error(`a pass of ${request.model}, which is not on the device`);
    const name = nameOf(request);
    const kept = this.passes.find(name);
    if (kept !== null && kept.tapped.answers(request.taps.needs))
      return this.lacksRoom(request, kept.byteLength)
        ? fail({ code: 'no-room-together' })
        : succeed(this.hold(name, kept));
    const made = await this.run(request, model, kept?.taps ?? []);
    if (!made.ok) return made;
    this.passes.add(name, made.value);
    return succeed(this.hold(name, made.value));
  }

  /**
   * A photograph's pass for one question: it is not kept, so that thousands of photographs leave the passes of others where they are.
   * @returns a pass that is disposed when the caller releases it
   */
  async passOnce(request: PassRequest): Promise<Result<HeldPass, Failure>> {
    const model = this.models.find(request.model);
    if (model === null) throw new Error(`a pass of ${request.model}, which is not on the device`);
    const made = await this.run(request, model, []);
    if (!made.ok) return made;
    const pass = made.value;
    return succeed({ pass, release: () => pass.dispose() });
  }

  /** Disposes the passes of photographs that are gone. @param photos their ids */
  forget(photos: ReadonlySet<string>): void {
    this.passes.dropWhere(({ photo }) => photos.has(photo));
  }

  /** Waits until the device has computed what was begun, so that the next pass's time is its own. */
  finish(): Promise<void> {
    return this.chosen.backend.finish();
  }

  dispose(): void {
    this.passes.clear();
    this.models.clear();
  }

  /** The first pass always has room. */
  private lacksRoom({ besideHeld = false }: PassRequest, byteLength: number): boolean {
    const { heldBytes, maxBytes } = this.passes;
    return besideHeld && heldBytes > 0 && heldBytes + byteLength > maxBytes;
  }

  private hold(name: string, pass: Pass): HeldPass {
    return { pass, release: this.passes.hold(name) };
  }

  private dropPassesOf(model: DeviceModel | null): void {
    if (model !== null) this.passes.dropWhere(({ deviceModel }) => deviceModel === model);
  }

  private async bringToDevice(
    model: LoadedModel,
    signal: AbortSignal,
    onStep: () => void,
  ): Promise<Result<DeviceModel, Failure>> {
    const { backend } = this.chosen;
    onStep();
    try {
      if (this.timings !== undefined) await tuneBackend(backend, model.architecture, this.timings);
    } catch (error) {
      return failWith(error);
    }
    await yieldToEventLoop();
    if (signal.aborted) return fail({ code: 'cancelled' });
    onStep();
    const uploaded = await uploadModel(model, backend.faults, rememberTuning(), onStep);
    if (!uploaded.ok || !signal.aborted) return uploaded;
    uploaded.value.dispose();
    return fail({ code: 'cancelled' });
  }

  /**
   * @param before taps of the photograph's last pass: they are tapped again, so that going back to them needs no pass
   */
  private tapsFor(
    { taps: { needs, keeps }, besideHeld = false }: PassRequest,
    before: readonly Tap[],
    architecture: VitArchitecture,
    tokens: number,
  ): readonly Tap[] {
    if (besideHeld) return needs;
    const fits = (taps: readonly Tap[]): boolean =>
      tappedBytes(architecture, tokens, taps) <= this.passes.maxBytes;
    const choices = [
      [...needs, ...keeps, ...before],
      [...needs, ...keeps],
    ];
    return choices.find(fits) ?? needs;
  }

  private async run(
    request: PassRequest,
    model: DeviceModel,
    before: readonly Tap[],
  ): Promise<Result<Pass, Failure>> {
    const { source, framing, signal, onProgress } = request;
    const { architecture } = model;
    onProgress({ stage: 'decode' });
    const decodeStart = performance.now();
    const read = await source.read();
    if (!read.ok) return read;
    if (signal.aborted) return fail({ code: 'cancelled' });
    const { pixels, notices } = read.value;
    onProgress({ stage: 'prepare' });
    const prepareStart = performance.now();
    const place = framePhotograph(pixels, framing, architecture.patchSize);
    const { rows, columns, box, cells, inputSizePx } = place;
    const { overlap = 1 } = framing;
    const photoSizePx = { height: pixels.height, width: pixels.width };
    const seen = overlap === 1 ? {} : { seenBox: box };
    const frame = { rows, columns, box: cells, ...seen, inputSizePx, photoSizePx };
    const tokens = specialTokenCount(architecture) + rows * columns;
    try {
      const taps = this.tapsFor(request, before, architecture, tokens);
      if (this.lacksRoom(request, tappedBytes(architecture, tokens, taps)))
        return fail({ code: 'no-room-together' });
      const input = prepareInput(pixels, place);
      const forwardStart = performance.now();
      onProgress({ stage: 'forward', blocksDone: 0, depth: architecture.depth });
      await yieldToEventLoop();
      if (signal.aborted) return fail({ code: 'cancelled' });
      if (this.tuned !== model) model.applyTuning();
      this.tuned = model;
      await dropFreeBuffers(this.chosen.backend, freeBytes);
      this.passes.makeRoom(tappedBytes(architecture, tokens, taps));
      await proveSize(model.parameters, input, inputSizePx, { faults: this.faults, overlap, signal });
      const tapped = await runForward(model.parameters, input, inputSizePx, taps, {
        faults: this.faults,
        overlap,
        signal,
        afterBlock: (blocksDone) => this.afterBlock(blocksDone, model, tokens, request),
      });
      return succeed(
        new Pass({
          photo: source.id,
          model,
          tapped,
          taps,
          frame,
          notices,
          decodeMs: prepareStart - decodeStart,
          prepareMs: forwardStart - prepareStart,
        }),
      );
    } catch (error) {
      return fail(failureOfPass(error, tokens));
    }
  }

  /**
   * A slow pass waits for the device after each block, so that progress is shown and a cancel is noticed. On a fast
   * GPU this would double the time, so a fast pass does not wait.
   */
  private async afterBlock(
    blocksDone: number,
    model: DeviceModel,
    tokens: number,
    { signal, onProgress }: PassRequest,
  ): Promise<void> {
    if (this.backend.name === 'webgpu' && model.isFast(tokens)) return;
    await this.chosen.backend.finish();
    onProgress({ stage: 'forward', blocksDone, depth: model.architecture.depth });
    await yieldToEventLoop();
    if (signal.aborted) throw new FailureError({ code: 'cancelled' });
  }
}
