/** Counts all WebGPU calls, whichever library makes them. Install it before anything requests a device. */
export interface GpuCounts {
  dispatches: number;
  submits: number;
  /** The number of buffers created. */
  buffers: number;
  /** Bytes of all buffers that were created and not destroyed. */
  bytes: number;
  peakBytes: number;
  /** When a read-back was first requested. The time until then is JavaScript's work. */
  firstMapAt: number | null;
}

/**
 * @param isRun false creates everything but dispatches nothing. The counts do not depend on the computed numbers, and a software
 *   adapter may need an hour to compute them.
 */
export function countGpu(isRun = true): GpuCounts {
  const counts: GpuCounts = {
    dispatches: 0,
    submits: 0,
    buffers: 0,
    bytes: 0,
    peakBytes: 0,
    firstMapAt: null,
  };
  if (!('GPUDevice' in globalThis)) return counts;
  const { dispatchWorkgroups } = GPUComputePassEncoder.prototype;
  GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...sizes): undefined {
    counts.dispatches++;
    return isRun ? dispatchWorkgroups.apply(this, sizes) : undefined;
  };
  const { submit } = GPUQueue.prototype;
  GPUQueue.prototype.submit = function (buffers): undefined {
    counts.submits++;
    return submit.call(this, buffers);
  };
  const sizes = new WeakMap<GPUBuffer, number>();
  const { createBuffer } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor): GPUBuffer {
    const buffer = createBuffer.call(this, descriptor);
    counts.buffers++;
    sizes.set(buffer, descriptor.size);
    counts.bytes += descriptor.size;
    counts.peakBytes = Math.max(counts.peakBytes, counts.bytes);
    return buffer;
  };
  const { destroy, mapAsync } = GPUBuffer.prototype;
  GPUBuffer.prototype.destroy = function (): undefined {
    counts.bytes -= sizes.get(this) ?? 0;
    sizes.delete(this);
    return destroy.call(this);
  };
  GPUBuffer.prototype.mapAsync = function (...values): Promise<undefined> {
    counts.firstMapAt ??= performance.now();
    return mapAsync.apply(this, values);
  };
  return counts;
}
