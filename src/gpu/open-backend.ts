/**
 * Opens and watches one tfjs back end. Each back end is imported only when it is needed: a page that runs on WebGPU never
 * downloads the wasm binary, and a page on wasm never downloads the WebGPU back end.
 */
import * as tf from '@tensorflow/tfjs-core';
import { failureOf, type BackendName, type Failure } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { loadScript } from '../core/script.ts';
import { noFaults, watchDevice, type FaultWatch } from './fault-watch.ts';
import { completeShaders } from './kernels/shader-top.ts';
import { switchFusedKernels } from './kernels/fused-kernels.ts';
import { openWasm, type WasmAssets, type WasmOptions } from './open-wasm.ts';
import { registerPlainKernels } from './plain-kernels.ts';

export interface OpenBackend {
  readonly name: BackendName;
  /** The adapter, or how the CPU is used; shown in captions. */
  readonly device: string;
  readonly faults: FaultWatch;
  /** Resolves when all work so far is done on the device; rejects with a fault. */
  finish(): Promise<void>;
}

export interface AdapterReport {
  readonly adapter: GPUAdapter;
  readonly description: string;
  readonly isSoftware: boolean;
}

/** @returns the adapter that WebGPU would use, or the reason why there is none */
export async function probeAdapter(): Promise<AdapterReport | 'no-webgpu' | 'no-adapter'> {
  // The type says it always exists, but some browsers lack `gpu`, and Node 20 has no `navigator`.
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu as GPU | undefined;
  if (gpu === undefined) return 'no-webgpu';
  let adapter: GPUAdapter | null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch {
    return 'no-adapter'; // Browsers with only partial WebGPU support may reject.
  }
  if (adapter === null) return 'no-adapter';
  // The type says it is complete, but older browsers lack `info` and have `isFallbackAdapter` on the adapter itself.
  const info: Partial<GPUAdapterInfo> = (adapter.info as GPUAdapterInfo | undefined) ?? {};
  const { vendor = '', architecture = '', device = '', description = '' } = info;
  const named = description || [vendor, architecture, device].filter((part) => part !== '').join(' ');
  const isSoftware =
    info.isFallbackAdapter ?? (adapter as { isFallbackAdapter?: boolean }).isFallbackAdapter ?? false;
  return { adapter, description: named || 'unnamed adapter', isSoftware };
}

/**
 * The adapter's largest limits: the default binding of 128 MiB is too small for large photographs, and many adapters
 * allow more.
 */
function requiredLimits(limits: GPUSupportedLimits): Record<string, number> {
  return {
    maxBufferSize: limits.maxBufferSize,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
  };
}

/** Features that some variants of our kernels use if the device has them. */
const optionalFeatures: readonly GPUFeatureName[] = ['subgroups'];

async function openWebgpu(fusedKernels: boolean): Promise<Result<OpenBackend, Failure>> {
  const report = await probeAdapter();
  if (typeof report === 'string')
    return fail({
      code: 'backend-unavailable',
      backend: 'webgpu',
      reason: report === 'no-webgpu' ? 'this browser has no WebGPU' : 'there is no graphics adapter',
    });
  const { WebGPUBackend } = await loadScript(
    () => import('@tensorflow/tfjs-backend-webgpu'),
    import.meta.url,
  );
  const device = await report.adapter.requestDevice({
    requiredFeatures: optionalFeatures.filter((feature) => report.adapter.features.has(feature)),
    requiredLimits: requiredLimits(report.adapter.limits),
  });
  const faults = watchDevice(device);
  completeShaders(device);
  // Replaces the package's own factory, which gives access to the device only when a first error may already be missed.
  tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', () => new WebGPUBackend(device, report.adapter.info));
  switchFusedKernels(fusedKernels);
  await tf.setBackend('webgpu');
  const finish = async (): Promise<void> => {
    const backend = tf.backend() as InstanceType<typeof WebGPUBackend>;
    // The order matters: submitting needs an encoder, and none may be open if tfjs has just submitted by itself.
    backend.ensureCommandEncoderReady();
    backend.endComputePassEncoder();
    backend.submitQueue();
    await faults.race(device.queue.onSubmittedWorkDone());
    faults.check();
  };
  return succeed({ name: 'webgpu', device: report.description, faults, finish });
}

async function openCpu(): Promise<Result<OpenBackend, Failure>> {
  await loadScript(() => import('@tensorflow/tfjs-backend-cpu'), import.meta.url);
  registerPlainKernels();
  await tf.setBackend('cpu');
  return succeed({
    name: 'cpu',
    device: 'CPU, plain JavaScript',
    faults: noFaults,
    finish: () => Promise.resolve(),
  });
}

async function openWasmBackend(options: WasmOptions): Promise<Result<OpenBackend, Failure>> {
  const opened = await openWasm(options);
  return succeed({
    name: 'wasm',
    get device() {
      return opened.describe();
    },
    faults: noFaults,
    finish: () => Promise.resolve(),
  });
}

/**
 * @param assets where the page serves the wasm binaries; null in Node, where tfjs finds them itself
 * @param fusedKernels whether our own kernels run where they can; otherwise only tfjs's plain ops run
 * @param threads wasm: the number that was measured to be best here; null: as many as possible
 */
export async function openBackend(
  name: BackendName,
  assets: WasmAssets | null,
  fusedKernels = true,
  threads: number | null = null,
): Promise<Result<OpenBackend, Failure>> {
  tf.enableProdMode(); // tfjs's own NaN and leak checks read values back; our checks do not
  try {
    switch (name) {
      case 'webgpu':
        return await openWebgpu(fusedKernels);
      case 'wasm':
        return await openWasmBackend({ assets, fusedKernels, threads });
      case 'cpu':
        return await openCpu();
    }
  } catch (error) {
    return fail(
      failureOf(error) ?? {
        code: 'backend-unavailable',
        backend: name,
        reason: error instanceof Error ? error.message : String(error),
      },
    );
  }
}
