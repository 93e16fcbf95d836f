/** Where kernels are compiled, counted at the device. */
import { vi } from 'vitest';

export interface PipelineCount {
  /** Of those that whoever runs a kernel has to wait for. */
  waitedFor: number;
  /** Of those that are compiled while something else goes on. */
  beside: number;
}

/** Counts from now on, until `vi.restoreAllMocks`. */
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
