/** WebGPU buffers that their creator owns, independent of tfjs's buffers. */

/** A float, or an integer. */
export type Word = number | { readonly whole: number };

/** Bytes of a uniform struct. */
export function words(...values: readonly Word[]): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (const [i, value] of values.entries())
    if (typeof value === 'number') view.setFloat32(4 * i, value, true);
    else view.setUint32(4 * i, value.whole, true);
  return view.buffer;
}

export class OwnedBuffers {
  private readonly device: GPUDevice;
  private readonly buffers: GPUBuffer[] = [];

  constructor(device: GPUDevice) {
    this.device = device;
  }

  make(size: number, usage: number): GPUBuffer {
    const buffer = this.device.createBuffer({ size, usage: usage | GPUBufferUsage.COPY_DST });
    this.buffers.push(buffer);
    return buffer;
  }

  filled(bytes: ArrayBuffer, usage: number): GPUBuffer {
    const buffer = this.make(bytes.byteLength, usage);
    this.device.queue.writeBuffer(buffer, 0, bytes);
    return buffer;
  }

  uniform(...values: readonly Word[]): GPUBuffer {
    return this.filled(words(...values), GPUBufferUsage.UNIFORM);
  }

  dispose(): void {
    for (const buffer of this.buffers) buffer.destroy();
  }
}
