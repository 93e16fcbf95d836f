/**
 * tfjs keeps every free buffer and reuses it only for a request of exactly the same size. Photographs of other shapes
 * need other sizes: after some dozens of shapes, unused buffers would fill the device.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { OpenBackend } from './open-backend.ts';

/** tfjs's buffer manager, which its types do not declare. */
interface BufferManager {
  numBytesAllocated: number;
  readonly numBytesUsed: number;
  numFreeBuffers: number;
  readonly freeBuffers: Map<string, GPUBuffer[]>;
}

/**
 * Destroys the free buffers if they take more than the given number of bytes. To be called between two passes: it waits
 * for all work submitted to the device. Does nothing on a back end that keeps no free buffers.
 */
export async function dropFreeBuffers(
  { finish }: Pick<OpenBackend, 'finish'>,
  keptBytes: number,
): Promise<void> {
  const { bufferManager: manager } = tf.backend() as unknown as { readonly bufferManager?: BufferManager };
  if (manager === undefined || manager.numBytesAllocated - manager.numBytesUsed <= keptBytes) return;
  // A command that is not yet submitted may use one of them.
  await finish();
  for (const buffers of manager.freeBuffers.values())
    for (const buffer of buffers.splice(0)) {
      manager.numBytesAllocated -= buffer.size;
      manager.numFreeBuffers -= 1;
      buffer.destroy();
    }
}
