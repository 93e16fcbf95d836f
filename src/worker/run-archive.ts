/** Exports and imports runs: a whole run as a zip archive, or its networks and numbers. */
import { describeFailure, type Failure, FailureError, failureOf } from '../core/failure.ts';
import type { Result } from '../core/result.ts';
import { findEntryBytes, readZipDirectory } from '../formats/zip-directory.ts';
import { crc32Of, writeZip, type PieceListener } from '../formats/zip-writer.ts';
import type { FileStorage } from '../library/file-storage.ts';
import { openRun, runFiles, importRun, type KeptPhotograph } from '../library/run-store.ts';
import type { PixelGrid } from '../media/resample.ts';
import type { CallContext } from '../rpc/serve-calls.ts';
import type { ExportKind, StoredRun, TransferProgress } from '../rpc/training-contract.ts';
import { initialValues } from '../train/initial-values.ts';
import { parameterSpecs } from '../train/parameter-specs.ts';
import { fingerprintOf } from '../train/photographs.ts';
import { readTrainingCheckpoint, writeBackbone } from '../train/training-checkpoint.ts';

/** A run's files by the names that they have in an archive, and the step that they are of. */
export interface RunFiles {
  readonly step: number;
  readonly files: ReadonlyMap<string, Blob>;
}

export const valueOf = <T>(result: Result<T, Failure>): T => {
  if (!result.ok) throw new FailureError(result.error);
  return result.value;
};

export const gridOf = ({ height, width, values }: KeptPhotograph): PixelGrid => ({
  height,
  width,
  channels: 3,
  values,
});

/** As it was saved last. @throws FailureError 'run-not-kept' */
export async function keptFiles(folders: FileStorage, id: string): Promise<RunFiles> {
  const { record, files } = await runFiles(folders, id);
  return { step: record.step, files };
}

type TransferContext = CallContext<TransferProgress>;

/** Reports progress, and ends at an abort. */
function pieceListener({ signal, onProgress }: TransferContext, totalBytes: number): PieceListener {
  let doneBytes = 0;
  return (byteLength) => {
    signal.throwIfAborted();
    doneBytes += byteLength;
    onProgress({ doneBytes, totalBytes });
  };
}

export async function exportRun(
  { step, files }: RunFiles,
  what: ExportKind,
  context: TransferContext,
): Promise<{ readonly file: Blob; readonly step: number }> {
  if (what === 'log') return { file: files.get('log.jsonl') as Blob, step };
  if (what === 'run') {
    const totalBytes = [...files.values()].reduce((sum, { size }) => sum + size, 0);
    return { file: await writeZip(files, pieceListener(context, totalBytes)), step };
  }
  const checkpoint = valueOf(await readTrainingCheckpoint(files.get('state.safetensors') as Blob));
  context.signal.throwIfAborted();
  const { architecture, configuration, state } = checkpoint;
  const specs = parameterSpecs(architecture, configuration);
  const values = what === 'start' ? initialValues(specs, null, configuration.seed) : state[what];
  return { file: writeBackbone(architecture, specs, values), step };
}

const invalid = (problem: string): FailureError => new FailureError({ code: 'run-file-invalid', problem });

/** @throws FailureError 'run-file-invalid' where it is no archive, or one of its files is damaged */
export async function readArchive(
  archive: Blob,
  context: TransferContext,
): Promise<ReadonlyMap<string, Blob>> {
  const files = new Map<string, Blob>();
  const onPiece = pieceListener(context, archive.size);
  try {
    for (const [name, entry] of await readZipDirectory(archive)) {
      const begin = await findEntryBytes(archive, entry);
      const bytes = archive.slice(begin, begin + entry.byteLength);
      if ((await crc32Of(bytes, onPiece)) !== entry.crc32) throw invalid(`${name} in it is damaged`);
      files.set(name, bytes);
    }
  } catch (error) {
    const failure = failureOf(error);
    throw failure?.code === 'checkpoint-invalid' ? invalid(failure.problem) : error;
  }
  return files;
}

/** Keeps a run under another id, after checking everything that a resume needs. */
export async function importArchive(
  folders: FileStorage,
  id: string,
  files: ReadonlyMap<string, Blob>,
  { signal }: TransferContext,
): Promise<StoredRun> {
  signal.throwIfAborted();
  const run = await importRun(folders, id, files);
  try {
    signal.throwIfAborted();
    const { photographs, state } = await openRun(folders, id);
    const checkpoint = await readTrainingCheckpoint(state);
    if (!checkpoint.ok) throw invalid(describeFailure(checkpoint.error).replace(/\.$/, ''));
    if (checkpoint.value.state.step !== run.step)
      throw invalid('its record is of another step than its state');
    if (fingerprintOf(photographs.map(gridOf)) !== checkpoint.value.photographs)
      throw invalid('its photographs are not those that it learned from');
    signal.throwIfAborted();
  } catch (error) {
    await folders.remove(id);
    throw error;
  }
  return run;
}
