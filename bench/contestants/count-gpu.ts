/** Counts what reaches WebGPU, whoever sends it. Install before anything asks for a device. */
export interface GpuCounts {
  dispatches: number;
  submits: number;
  /** That were made. */
  buffers: number;
  /** Of all buffers that were made and not destroyed. */
  bytes: number;
  peakBytes: number;
  /** When a read-back was first asked for: what came before was JavaScript's work. */
  firstMapAt: number | null;
}

/**
 * @param isRun false asks for everything and dispatches nothing: what a computation needs does not depend on its numbers, and a
 *   software adapter may take an hour for it
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
