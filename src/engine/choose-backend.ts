/**
 * Chooses the back end, with the reason: WebGPU on a real adapter, otherwise wasm; none that fails its self-check.
 * Where our own kernels fail it, WebGPU or wasm runs without them.
 */
import { failureOf, silenceOf, type BackendName, type Failure } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { hasFusedKernels } from '../gpu/kernels/fused-kernels.ts';
import { openBackend, probeAdapter, type OpenBackend } from '../gpu/open-backend.ts';
import type { WasmAssets } from '../gpu/open-wasm.ts';
import type { BackendChoice, BackendReason } from '../core/backend.ts';
import { selfCheck, selfCheckTolerance } from '../vit/self-check.ts';

export interface ChosenBackend {
  readonly backend: OpenBackend;
  readonly reason: BackendReason;
  readonly selfCheckMaxAbsDifference: number;
}

interface CheckedBackend {
  readonly backend: OpenBackend;
  readonly selfCheckMaxAbsDifference: number;
}

export interface ChooseOptions {
  readonly wasmAssets: WasmAssets | null;
  /** Threads for wasm, as timed earlier on this machine; null or none: as many as the machine has. Awaited where wasm opens. */
  readonly threads?: Promise<number | null>;
  /** Back ends that hung at an earlier start, once for each time. They count as failed. */
  readonly silent?: readonly BackendName[];
  /** Called before each step in which a back end may hang. */
  onTry(backend: BackendName): void;
  onSelfCheck(): void;
}

async function openChecked(
  name: BackendName,
  options: ChooseOptions,
  fusedKernels = true,
): Promise<Result<CheckedBackend, Failure>> {
  options.onTry(name);
  const threads = name === 'wasm' ? await options.threads : null;
  const opened = await openBackend(name, options.wasmAssets, fusedKernels, threads);
  if (!opened.ok) return opened;
  options.onTry(name);
  options.onSelfCheck();
  try {
    const maxAbsDifference = await selfCheck(opened.value.faults);
    return maxAbsDifference <= selfCheckTolerance
      ? succeed({ backend: opened.value, selfCheckMaxAbsDifference: maxAbsDifference })
      : fail({ code: 'backend-wrong', backend: name, maxAbsDifference, tolerance: selfCheckTolerance });
  } catch (error) {
    const failure = failureOf(error);
    if (failure === null) {
      const reason = error instanceof Error ? error.message : String(error);
      return fail({ code: 'backend-unavailable', backend: name, reason });
    }
    // The numbers were so wrong that the forward pass itself refused them.
    return failure.code === 'wrong-result'
      ? fail({
          code: 'backend-wrong',
          backend: name,
          maxAbsDifference: Infinity,
          tolerance: selfCheckTolerance,
        })
      : fail(failure);
  }
}

async function openFor(
  name: BackendName,
  reason: BackendReason,
  options: ChooseOptions,
): Promise<Result<ChosenBackend, Failure>> {
  if (options.silent?.includes(name) === true) {
    const times = options.silent.filter((each) => each === name).length;
    // Perhaps its threads do not start, or one of its files never came: wasm is tried once more, without threads.
    return name === 'wasm' && times === 1
      ? openFor(name, reason, { ...options, silent: [], threads: Promise.resolve(1) })
      : fail(silenceOf(name));
  }
  const checked = await openChecked(name, options);
  if (checked.ok) return succeed({ ...checked.value, reason });
  if (!hasFusedKernels()) return checked;
  // WebGPU on another device, since a device is not used after a fault.
  const plain = await openChecked(name, options, false);
  return plain.ok
    ? succeed({ ...plain.value, reason: { kind: 'fused-kernels-failed', failure: checked.error } })
    : plain;
}

/** Without a usable GPU: wasm, which is ten times faster than WebGPU in software (ADR 4), then plain JavaScript. */
async function openWithoutGpu(
  reason: BackendReason,
  options: ChooseOptions,
): Promise<Result<ChosenBackend, Failure>> {
  const wasm = await openFor('wasm', reason, options);
  return wasm.ok ? wasm : openFor('cpu', { kind: 'wasm-failed', failure: wasm.error }, options);
}

/** A forced back end runs or fails; 'auto' takes the best one that passes its self-check. */
export async function chooseBackend(
  choice: BackendChoice,
  options: ChooseOptions,
): Promise<Result<ChosenBackend, Failure>> {
  if (choice !== 'auto') return openFor(choice, { kind: 'asked-for' }, options);
  if (options.silent?.includes('webgpu') === true)
    return openWithoutGpu({ kind: 'webgpu-failed', failure: silenceOf('webgpu') }, options);
  options.onTry('webgpu');
  const report = await probeAdapter();
  if (typeof report === 'string') return openWithoutGpu({ kind: report }, options);
  if (report.isSoftware)
    return openWithoutGpu({ kind: 'software-adapter', adapter: report.description }, options);
  const webgpu = await openFor('webgpu', { kind: 'best' }, options);
  return webgpu.ok ? webgpu : openWithoutGpu({ kind: 'webgpu-failed', failure: webgpu.error }, options);
}
