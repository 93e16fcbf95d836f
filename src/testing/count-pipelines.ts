/** Counts pipeline compilations at the device. */
import { vi } from 'vitest';

export interface PipelineCount {
  /** Synchronous compilations: code that runs such a kernel has to wait. */
  waitedFor: number;
  /** Asynchronous compilations: other work continues meanwhile. */
  beside: number;
}

/** Counts from this call until `vi.restoreAllMocks`. */
export function countPipelines(): PipelineCount {
  const count: PipelineCount = { waitedFor: 0, beside: 0 };
  const { createComputePipeline, createComputePipelineAsync } = GPUDevice.prototype;
  vi.spyOn(GPUDevice.prototype, 'createComputePipeline').mockImplementation(function (
    this: GPUDevice,
    descriptor,
  ) {
    count.waitedFor++;
    return createComputePipeline.call(this, descriptor);
  });
  vi.spyOn(GPUDevice.prototype, 'createComputePipelineAsync').mockImplementation(function (
    this: GPUDevice,
    descriptor,
  ) {
    count.beside++;
    return createComputePipelineAsync.call(this, descriptor);
  });
  return count;
}
