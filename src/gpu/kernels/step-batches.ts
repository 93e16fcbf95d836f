/** What the dispatches of a step of `InPlaceOptimizer` are given: parameters of like sizes together, and their uniforms. */
import { words, type OwnedBuffers, type Word } from './owned-buffers.ts';

/** Uniforms of a dispatch begin at multiples of this, WebGPU's default. */
const uniformAlignment = 256;
const aligned = (bytes: number): number => Math.ceil(bytes / uniformAlignment) * uniformAlignment;
export const wordBytes = 4;

/** The uniforms of all dispatches of one kind in a step, one after the other in one buffer. */
export class StepUniforms {
  private readonly device: GPUDevice;
  private readonly buffer: GPUBuffer;
  private readonly size: number;
  private readonly stride: number;
  private readonly bytes: Uint8Array<ArrayBuffer>;
  private used = 0;

  constructor(device: GPUDevice, owned: OwnedBuffers, wordCount: number, mostDispatches: number) {
    this.device = device;
    this.size = wordCount * wordBytes;
    this.stride = aligned(this.size);
    this.bytes = new Uint8Array(this.stride * mostDispatches);
    this.buffer = owned.make(this.bytes.byteLength, GPUBufferUsage.UNIFORM);
  }

  begin(): void {
    this.used = 0;
  }

  add(values: readonly Word[]): GPUBufferBinding {
    const offset = this.used++ * this.stride;
    this.bytes.set(new Uint8Array(words(...values)), offset);
    return { buffer: this.buffer, offset, size: this.size };
  }

  write(): void {
    this.device.queue.writeBuffer(this.buffer, 0, this.bytes, 0, this.used * this.stride);
  }
}

export const nothing: Word = { whole: 0 };
export const padded = (values: readonly Word[], count: number): Word[] => [
  ...values,
  ...Array.from({ length: count - values.length }, () => nothing),
];
/** A dispatch has as many workgroups for each of its parameters as the largest needs, so those of like sizes go together. */
export function batchesOf<T extends { readonly size: number }>(all: readonly T[], most: number): T[][] {
  const sorted = [...all].sort((a, b) => b.size - a.size);
  return Array.from({ length: Math.ceil(sorted.length / most) }, (_, i) =>
    sorted.slice(i * most, (i + 1) * most),
  );
}

/** All bindings of gradients must be there, also those that no slot reads. */
export const boundGradients = (gradients: readonly GPUBuffer[], count: number): GPUBuffer[] =>
  Array.from({ length: count }, (_, i) => gradients[i] ?? (gradients[0] as GPUBuffer));
