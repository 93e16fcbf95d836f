/**
 * Moves tfjs tensors into a few large buffers, side by side, so that one binding reaches many of them. tfjs binds such a
 * tensor as it binds its own; reading one back copies its part of the buffer out first.
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type * as tf from '@tensorflow/tfjs-core';

/** Where a tensor is. tfjs passes what is no buffer of its own to the bind group as it is. */
interface Region {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** What tfjs knows of a tensor on the device. */
interface TensorData {
  resource: GPUBuffer | Region | null;
  values: Float32Array | null;
}

const dataOf = (backend: WebGPUBackend, tensor: tf.TensorInfo): TensorData =>
  backend.tensorMap.get(tensor.dataId) as unknown as TensorData;

const isRegion = (resource: unknown): resource is Region =>
  typeof resource === 'object' &&
  resource !== null &&
  !(resource instanceof GPUBuffer) &&
  'buffer' in resource;

const readers = new WeakSet<WebGPUBackend>();

/** tfjs's own reading wants a whole buffer. */
function readRegions(backend: WebGPUBackend): void {
  if (readers.has(backend)) return;
  readers.add(backend);
  const readWhole = backend.getBufferData.bind(backend);
  backend.getBufferData = async (resource) => {
    if (!isRegion(resource)) return readWhole(resource);
    const { buffer, offset, size } = resource;
    const copy = backend.bufferManager.acquireBuffer(
      size,
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    );
    try {
      recordCopy(backend, { buffer, offset }, { buffer: copy, offset: 0 }, size);
      return await readWhole(copy);
    } finally {
      backend.bufferManager.releaseBuffer(copy);
    }
  };
}

function recordCopy(
  backend: WebGPUBackend,
  from: Pick<Region, 'buffer' | 'offset'>,
  to: Pick<Region, 'buffer' | 'offset'>,
  size: number,
): void {
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  commandEncoderOf(backend).copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, size);
}

/** tfjs's types do not declare it. */
const commandEncoderOf = (backend: WebGPUBackend): GPUCommandEncoder =>
  (backend as unknown as { readonly commandEncoder: GPUCommandEncoder }).commandEncoder;

function submit(backend: WebGPUBackend): void {
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.submitQueue();
}

const floatBytes = Float32Array.BYTES_PER_ELEMENT;

/** A tensor's place: which of the arena's buffers, and where in it, counted in values. */
interface Place {
  readonly buffer: GPUBuffer;
  readonly offset: number;
}

/** Sets of tensors of equal sizes; the tensors of a set lie in one buffer. */
export class TensorArena {
  private readonly backend: WebGPUBackend;
  private readonly buffers: GPUBuffer[] = [];
  private readonly places = new Map<tf.Tensor, Place>();

  /** Whether a buffer of this device can hold a set of so many tensors of so many values. */
  static holds({ device }: WebGPUBackend, tensors: number, values: number): boolean {
    return tensors * alignedValues(device, values) * floatBytes <= mostBytes(device);
  }

  /**
   * @param sets float32 tensors, whose values stay as they are; borrowed, and to be used only as long as the arena is there
   * @param largest bytes of a buffer, unless a set alone has more
   */
  constructor(
    backend: WebGPUBackend,
    sets: readonly (readonly tf.Tensor[])[],
    largest = mostBytes(backend.device),
  ) {
    this.backend = backend;
    readRegions(backend);
    const { device } = backend;
    const bytesOf = (set: readonly tf.Tensor[]): number =>
      set.reduce((sum, { size }) => sum + alignedValues(device, size) * floatBytes, 0);
    let together: (readonly tf.Tensor[])[] = [];
    let bytes = 0;
    for (const set of sets) {
      if (together.length > 0 && bytes + bytesOf(set) > largest) {
        this.move(together, bytes);
        [together, bytes] = [[], 0];
      }
      together.push(set);
      bytes += bytesOf(set);
    }
    if (together.length > 0) this.move(together, bytes);
  }

  placeOf(tensor: tf.Tensor): Place {
    const place = this.places.get(tensor);
    if (place === undefined) throw new Error('a tensor that is not in the arena');
    return place;
  }

  /** The tensors are gone with it. */
  dispose(): void {
    submit(this.backend); // commands that use the buffers may be recorded
    for (const buffer of this.buffers) buffer.destroy();
  }

  private move(sets: readonly (readonly tf.Tensor[])[], bytes: number): void {
    const { backend } = this;
    const { device } = backend;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: bytes, usage });
    this.buffers.push(buffer);
    const left: GPUBuffer[] = [];
    let offset = 0;
    for (const tensor of sets.flat()) {
      const data = dataOf(backend, tensor);
      const size = tensor.size * floatBytes;
      const region = { buffer, offset: offset * floatBytes, size };
      if (data.resource === null || data.resource === undefined) {
        device.queue.writeBuffer(buffer, region.offset, data.values as Float32Array<ArrayBuffer>);
      } else {
        const from = isRegion(data.resource) ? data.resource : { buffer: data.resource, offset: 0 };
        recordCopy(backend, from, region, size);
        if (data.resource instanceof GPUBuffer) left.push(data.resource);
      }
      data.resource = region;
      data.values = null;
      this.places.set(tensor, { buffer, offset });
      offset += alignedValues(device, tensor.size);
    }
    submit(backend);
    for (const each of left) backend.bufferManager.releaseBuffer(each, false);
  }
}

/** A binding begins at multiples of this. */
const alignedValues = ({ limits }: GPUDevice, values: number): number => {
  const alignment = limits.minStorageBufferOffsetAlignment / floatBytes;
  return Math.ceil(values / alignment) * alignment;
};

const mostBytes = ({ limits }: GPUDevice): number =>
  Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
