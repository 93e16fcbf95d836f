import { elementCount } from '../core/architecture.ts';
import type { CheckpointHints } from '../core/model.ts';
import { fail, succeed } from '../core/result.ts';
import { hashFile } from '../formats/sha256.ts';
import type { ModelLoader } from './loaded-model.ts';
import { openCheckpoint } from './open-checkpoint.ts';

export interface CheckpointFile {
  readonly id: string;
  readonly title: string;
  /** One, or the parts of one checkpoint in their order. */
  readonly files: readonly Blob[];
  /** The expected SHA-256 of all of them in order; null where it is not known. */
  readonly sha256: string | null;
  readonly hints: CheckpointHints;
}

/** @returns the files' bytes one after the other; nothing is read */
const joinFiles = (files: readonly Blob[]): Blob => {
  const [first] = files;
  return first !== undefined && files.length === 1 ? first : new Blob([...files]);
};

/** A checkpoint file of any format and family, read where it lies. */
export const checkpointModel =
  ({ id, title, files, sha256, hints }: CheckpointFile): ModelLoader =>
  async (signal, onProgress, onArchitecture) => {
    const whole = joinFiles(files);
    const report = (loadedBytes: number): boolean => {
      onProgress({ loadedBytes, totalBytes: whole.size, cached: true });
      return !signal.aborted;
    };
    report(0);
    const hash = sha256 === null ? null : await hashFile(whole, report);
    if (signal.aborted) return fail({ code: 'cancelled' });
    if (hash !== sha256)
      return hash === null
        ? fail({ code: 'unreadable-file' })
        : fail({
            code: 'checkpoint-invalid',
            problem: 'it has changed since it was stored; delete it and fetch it again',
          });
    const checkpoint = await openCheckpoint(files, hints, {
      isWanted: () => !signal.aborted,
      onArchitecture,
    });
    if (signal.aborted) return fail({ code: 'cancelled' });
    if (!checkpoint.ok) return checkpoint;
    report(whole.size);
    const { architecture, parameters, networks, ownNormalisation, ignored: leftOut } = checkpoint.value;
    const parameterCount = [...parameters.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
    const loaded = { id, title, architecture, parameters, parameterCount, networks, leftOut };
    return succeed(ownNormalisation === null ? loaded : { ...loaded, ownNormalisation });
  };
