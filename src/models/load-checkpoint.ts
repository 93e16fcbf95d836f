import { elementCount } from '../core/architecture.ts';
import { fail, succeed } from '../core/result.ts';
import type { ModelLoader } from './loaded-model.ts';
import { openCheckpoint, type CheckpointOptions } from './open-checkpoint.ts';

/** A checkpoint file of any format and family, read where it lies. */
export const checkpointModel =
  (
    file: Blob,
    name: { readonly id: string; readonly title: string },
    options?: CheckpointOptions,
  ): ModelLoader =>
  async (signal, onProgress) => {
    onProgress({ loadedBytes: 0, totalBytes: file.size, cached: true });
    const checkpoint = await openCheckpoint(file, options);
    if (signal.aborted) return fail({ code: 'cancelled' });
    if (!checkpoint.ok) return checkpoint;
    onProgress({ loadedBytes: file.size, totalBytes: file.size, cached: true });
    const { architecture, parameters } = checkpoint.value;
    const parameterCount = [...parameters.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
    return succeed({ ...name, architecture, parameters, parameterCount });
  };
