/**
 * tfjs keeps each buffer that is free for the next one of its very size. Photographs of other shapes bring other sizes: after some dozens of
 * shapes what is kept for nobody would fill the device.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { OpenBackend } from './open-backend.ts';

/** tfjs's own, of which the types say nothing. */
interface BufferManager {
  numBytesAllocated: number;
  readonly numBytesUsed: number;
  numFreeBuffers: number;
  readonly freeBuffers: Map<string, GPUBuffer[]>;
}

/**
 * Destroys the free buffers where they take more than so many bytes. Between two passes: it waits for what was asked of the device.
 * Nothing happens on a back end that keeps none.
 */
export async function dropFreeBuffers(
  { finish }: Pick<OpenBackend, 'finish'>,
  keptBytes: number,
): Promise<void> {
  const { bufferManager: manager } = tf.backend() as unknown as { readonly bufferManager?: BufferManager };
  if (manager === undefined || manager.numBytesAllocated - manager.numBytesUsed <= keptBytes) return;
  // A command that was not submitted yet may name one of them.
  await finish();
  for (const buffers of manager.freeBuffers.values())
    for (const buffer of buffers.splice(0)) {
      manager.numBytesAllocated -= buffer.size;
      manager.numFreeBuffers -= 1;
      buffer.destroy();
    }
}
