/**
 * Set-up of the tests in the browser: one WebGPU device for all of them, and each shader compiled once. A software device
 * takes some 0.2 s for a shader, and most tests use the same ones, so compiling would be four fifths of their time.
 *
 * Who asks for a device still opens a back end of its own, and still asks for each pipeline. A device that was lost or
 * destroyed is not handed out again.
 */
import { afterAll, vi } from 'vitest';
import type { DeviceGlobals } from './own-device.ts';

interface Shared {
  readonly device: GPUDevice;
  isLost: boolean;
}

interface Kept {
  readonly pipeline: GPUComputePipeline;
  /** Not before the compiler has said that the shader is right: who sends a wrong one must hear of it each time. */
  isRight: boolean;
}

/** Pipelines of one device by their shader and what else distinguishes them. */
type Pipelines = Map<string, Kept>;

const globals = globalThis as DeviceGlobals;
const pipelinesOf = new WeakMap<GPUDevice, Pipelines>();
const codes = new WeakMap<GPUShaderModule, string>();

function keyOf({ layout, compute }: GPUComputePipelineDescriptor): string | null {
  const code = codes.get(compute.module);
  // A layout that is given belongs to who gave it.
  if (code === undefined || layout !== 'auto') return null;
  return JSON.stringify([compute.entryPoint, compute.constants, code]);
}

function keep(
  device: GPUDevice,
  { compute }: GPUComputePipelineDescriptor,
  key: string,
): (pipeline: GPUComputePipeline) => void {
  const pipelines = pipelinesOf.get(device);
  return (pipeline) => {
    const kept: Kept = { pipeline, isRight: false };
    pipelines?.set(key, kept);
    void compute.module.getCompilationInfo().then(
      ({ messages }) => (kept.isRight = messages.every(({ type }) => type !== 'error')),
      () => undefined, // the device is lost
    );
  };
}

const find = (device: GPUDevice, key: string): GPUComputePipeline | null => {
  const kept = pipelinesOf.get(device)?.get(key);
  return kept?.isRight ? kept.pipeline : null;
};

function compileOnce(): void {
  const prototype = GPUDevice.prototype;
  const { createShaderModule, createComputePipeline, createComputePipelineAsync } = prototype;
  prototype.createShaderModule = function (descriptor) {
    const module = createShaderModule.call(this, descriptor);
    codes.set(module, descriptor.code);
    return module;
  };
  prototype.createComputePipeline = function (descriptor) {
    const key = keyOf(descriptor);
    if (key === null) return createComputePipeline.call(this, descriptor);
    const found = find(this, key);
    if (found !== null) return found;
    const pipeline = createComputePipeline.call(this, descriptor);
    keep(this, descriptor, key)(pipeline);
    return pipeline;
  };
  prototype.createComputePipelineAsync = async function (descriptor) {
    const key = keyOf(descriptor);
    if (key === null) return createComputePipelineAsync.call(this, descriptor);
    const found = find(this, key);
    if (found !== null) return found;
    const pipeline = await createComputePipelineAsync.call(this, descriptor);
    keep(this, descriptor, key)(pipeline);
    return pipeline;
  };
}

function shareDevice(): void {
  const { requestDevice } = GPUAdapter.prototype;
  let shared: Shared | null = null;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    if (globals.nextDeviceIsOwn) {
      globals.nextDeviceIsOwn = false;
      return requestDevice.call(this, descriptor);
    }
    if (shared !== null && !shared.isLost) return shared.device;
    const device = await requestDevice.call(this, descriptor);
    pipelinesOf.set(device, new Map());
    const own: Shared = { device, isLost: false };
    shared = own;
    void device.lost.then(() => (own.isLost = true));
    const { destroy } = GPUDevice.prototype;
    device.destroy = () => {
      own.isLost = true;
      destroy.call(device);
    };
    return device;
  };
}

if ('gpu' in navigator && globals.hasOneDevice !== true) {
  globals.hasOneDevice = true;
  compileOnce();
  shareDevice();
}

// Files share the page.
afterAll(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});
