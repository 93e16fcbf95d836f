/** Texts of the page, except those of failures, which are in core/failure.ts. */
import { type BackendName, describeFailure } from '../core/failure.ts';
import { assertNever } from '../core/result.ts';
import type { BackendReason } from '../core/backend.ts';
import type { StartStep } from '../core/progress.ts';
import type { ModelSwitch } from './state/model-in-use.ts';
import { type AnyLookProgress, lookFraction, type Photo } from './state/photo.ts';
import { withUnit } from '../core/with-unit.ts';

export const backendTitles: Readonly<Record<BackendName, string>> = {
  webgpu: 'WebGPU',
  wasm: 'WebAssembly',
  cpu: 'JavaScript',
};

const slower = 'slower, same results.';

/** @returns why the back end is not the best one; null if it is the best, or if it was requested */
export function describeBackendReason(reason: BackendReason, used: BackendName): string | null {
  switch (reason.kind) {
    case 'best':
    case 'asked-for':
      return null;
    case 'no-webgpu':
      return `No WebGPU in this browser: ${slower}`;
    case 'no-adapter':
    case 'software-adapter':
      return `No graphics card: ${slower}`;
    case 'fused-kernels-failed':
      return `The fast kernels failed their check on this device, so it runs without them: ${slower}`;
    case 'webgpu-failed':
    case 'wasm-failed':
      return `${describeFailure(reason.failure)} ${backendTitles[used]} is used instead: ${slower}`;
    default:
      return assertNever(reason);
  }
}

/** Whether the reason lasts. A missing feature of the machine does; a failure may not. */
export const isLasting = ({ kind }: BackendReason): boolean =>
  kind === 'no-webgpu' || kind === 'no-adapter' || kind === 'software-adapter';

const formatMegabytes = (bytes: number): string => withUnit((bytes / 1e6).toFixed(1), 'MB');

export function describeSwitch({ title, progress }: ModelSwitch): string {
  if (progress?.stage === 'check') return `Checking ${title}`;
  if (progress === null || progress.cached) return `Reading ${title}`;
  return `Loading ${title}: ${formatMegabytes(progress.loadedBytes)} of ${formatMegabytes(progress.totalBytes)}`;
}

export function describeStart(progress: StartStep | null): string {
  if (progress === null) return 'Starting the engine';
  switch (progress.stage) {
    case 'backend':
      return 'Choosing a back end';
    case 'download':
      return progress.cached
        ? 'Reading the model from the cache'
        : `Loading the model: ${formatMegabytes(progress.loadedBytes)} of ${formatMegabytes(progress.totalBytes)}`;
    case 'self-check':
      return 'Checking the numbers';
    default:
      return assertNever(progress);
  }
}

export function describeLook(progress: AnyLookProgress | null): string {
  if (progress === null) return 'Starting';
  switch (progress.stage) {
    case 'download':
      return 'Bringing the model back';
    case 'check':
      return 'Checking the model';
    case 'decode':
      return 'Decoding the photograph';
    case 'prepare':
      return 'Bringing it to the model’s size';
    case 'forward':
      return `Block ${Math.min(progress.blocksDone + 1, progress.depth)} of ${progress.depth}`;
    case 'compute':
      return `Working it out, ${withUnit(Math.round(100 * progress.share), '%')}`;
    default:
      return assertNever(progress);
  }
}

/** One line for the label and tooltip in the film strip. */
export const describePhotoState = ({ state, mask }: Photo): string =>
  mask === null ? describeState(state) : `${describeState(state)}, with a mask`;

function describeState(state: Photo['state']): string {
  switch (state.status) {
    case 'queued':
      return 'waiting';
    case 'running':
      return `running, ${withUnit(Math.round(100 * lookFraction(state.progress)), '%')}`;
    case 'done':
      return 'done';
    case 'failed':
      return describeFailure(state.failure);
    case 'cancelled':
      return 'cancelled';
    default:
      return assertNever(state);
  }
}
