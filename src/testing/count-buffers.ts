/**
 * Measures WebGPU's memory for tests, at the point of allocation: tfjs's own counts leave out the buffers that it keeps
 * for reuse.
 */
import { vi } from 'vitest';

export interface BufferCount {
  /** Size of all buffers that were created and not destroyed. */
  bytes: number;
  peakBytes: number;
  largestBytes: number;
}

/** Counts from this call until `vi.restoreAllMocks`. */
export function countBuffers(): BufferCount {
  const count: BufferCount = { bytes: 0, peakBytes: 0, largestBytes: 0 };
  const sizes = new WeakMap<GPUBuffer, number>();
  const create = GPUDevice.prototype.createBuffer;
  vi.spyOn(GPUDevice.prototype, 'createBuffer').mockImplementation(function (this: GPUDevice, descriptor) {
    const buffer = create.call(this, descriptor);
    sizes.set(buffer, descriptor.size);
    count.bytes += descriptor.size;
    count.peakBytes = Math.max(count.peakBytes, count.bytes);
    count.largestBytes = Math.max(count.largestBytes, descriptor.size);
    return buffer;
  });
  const destroy = GPUBuffer.prototype.destroy;
  vi.spyOn(GPUBuffer.prototype, 'destroy').mockImplementation(function (this: GPUBuffer) {
    count.bytes -= sizes.get(this) ?? 0;
    sizes.delete(this);
    return destroy.call(this);
  });
  return count;
}
