/**
 * Training runs in the browser's storage: a folder each. The photographs are written once. State, reports and maps
 * are written into two slots in turn, the slot's record last. Until the record is complete, the other slot is the
 * run. A crash at any moment, or a full disk, loses only what came since the last save.
 */
import type { NamedTensor } from '../core/architecture.ts';
import { FailureError } from '../core/failure.ts';
import type { Size } from '../core/geometry.ts';
import type { StepReport } from '../core/training.ts';
import { runPhotographsFile, runSlotFiles } from '../core/run-files.ts';
import { openSafetensors } from '../formats/safetensors.ts';
import { writeSafetensors } from '../formats/safetensors-writer.ts';
import { readBytes } from '../formats/read-bytes.ts';
import type { MapSnapshot, StoredRun, UnreadableRun } from '../rpc/training-contract.ts';
import type { FileStorage } from './file-storage.ts';
import { parseReport, parseRunRecord, type RunRecord } from './run-record.ts';

/** RGB, shape [height, width, 3], as small as the run keeps it. */
export interface KeptPhotograph extends Size {
  readonly name: string;
  readonly className?: string | null;
  readonly values: Uint8Array | Uint8ClampedArray;
}

const invalid = (problem: string): FailureError => new FailureError({ code: 'run-file-invalid', problem });

/** What changes while a run goes on. */
export interface RunState {
  readonly state: Blob;
  readonly reports: readonly StepReport[];
  readonly snapshots: readonly MapSnapshot[];
  /** [numHeads, rows, columns] of the snapshots. */
  readonly mapShape: readonly [number, number, number];
}

interface OpenedRun extends RunState {
  readonly run: StoredRun;
  readonly photographs: readonly KeptPhotograph[];
}

const pieceBytes = 4 * 1024 * 1024;

type SlotFile = (typeof runSlotFiles)[number];

const nameIn = (slot: number, file: SlotFile): string => `${slot}-${file}`;

async function writeFile(
  folders: FileStorage,
  id: string,
  name: string,
  blob: Blob,
  signal?: AbortSignal,
): Promise<void> {
  const file = await folders.open(id, name);
  try {
    file.truncate(0);
    for (let at = 0; at < blob.size; at += pieceBytes) {
      signal?.throwIfAborted();
      const piece = await readBytes(blob, at, Math.min(at + pieceBytes, blob.size));
      if (piece === null) throw new FailureError({ code: 'unreadable-file' });
      file.write(piece, at);
    }
    file.flush();
  } finally {
    file.close();
  }
}

async function readRecord(folders: FileStorage, id: string, slot: number): Promise<RunRecord | null> {
  const blob = await folders.read(id, nameIn(slot, 'run.json'));
  if (blob === null) return null;
  let record: RunRecord | null;
  try {
    record = parseRunRecord(JSON.parse(await blob.text()));
  } catch {
    return null; // cut off by a crash
  }
  if (record === null) return null;
  for (const [file, byteLength] of Object.entries(record.files))
    if ((await folders.read(id, nameIn(slot, file as SlotFile)))?.size !== byteLength) return null;
  const pixels = record.photographs.reduce((sum, { height, width }) => sum + height * width * 3, 0);
  return (await folders.read(id, runPhotographsFile))?.size === pixels ? record : null;
}

interface Slot {
  readonly slot: 0 | 1;
  readonly record: RunRecord;
}

/** The latest complete save. */
async function currentSlot(folders: FileStorage, id: string): Promise<Slot | null> {
  const [first, second] = [await readRecord(folders, id, 0), await readRecord(folders, id, 1)];
  if (first !== null && (second === null || first.generation > second.generation))
    return { slot: 0, record: first };
  return second === null ? null : { slot: 1, record: second };
}

function storedRun(id: string, record: RunRecord): StoredRun {
  const { title, modelTitle, configuration, step, photographs, pinned, switches, intervals } = record;
  const { startedAt, savedAt, files } = record;
  const pixels = photographs.reduce((sum, { height, width }) => sum + height * width * 3, 0);
  return {
    id,
    title,
    modelTitle,
    configuration,
    step,
    photographs: photographs.map(({ name }) => name),
    pinned,
    switches,
    intervals,
    startedAt,
    savedAt,
    byteLength: Object.values(files).reduce((sum, byteLength) => sum + byteLength, pixels),
  };
}

const pixelsOf = (photographs: readonly KeptPhotograph[]): Blob =>
  new Blob(photographs.map(({ values }) => values as Uint8Array<ArrayBuffer>));

/** Before the first save. @throws FailureError 'storage-full' */
export const writePhotographs = (
  folders: FileStorage,
  id: string,
  photographs: readonly KeptPhotograph[],
): Promise<void> => writeFile(folders, id, runPhotographsFile, pixelsOf(photographs));

const mapsOf = ({ snapshots, mapShape }: RunState): Blob =>
  writeSafetensors(
    new Map<string, NamedTensor>(
      snapshots.flatMap(({ step, teacher, student, knnAccuracy }): [string, NamedTensor][] => [
        [`${step}.teacher`, { shape: mapShape, values: teacher }],
        [`${step}.student`, { shape: mapShape, values: student }],
        ...(knnAccuracy === null
          ? []
          : [
              [`${step}.knn`, { shape: [1], values: Float32Array.of(knnAccuracy) }] satisfies [
                string,
                NamedTensor,
              ],
            ]),
      ]),
    ),
    { shape: mapShape.join() },
  );

const logOf = (reports: readonly StepReport[]): Blob =>
  new Blob(
    reports.map((report) => `${JSON.stringify(report)}\n`),
    { type: 'application/jsonl' },
  );

/** A run's facts, without those that are read from its files. */
export type RunFacts = Omit<StoredRun, 'byteLength'>;

/** The files of a slot, the record last. */
function slotFilesOf(
  run: RunFacts,
  generation: number,
  photographs: readonly KeptPhotograph[],
  state: RunState,
): { readonly record: RunRecord; readonly files: ReadonlyMap<SlotFile, Blob> } {
  const files = new Map<SlotFile, Blob>([
    ['state.safetensors', state.state],
    ['log.jsonl', logOf(state.reports)],
    ['maps.safetensors', mapsOf(state)],
  ]);
  const record: RunRecord = {
    version: 1,
    generation,
    ...run,
    photographs: photographs.map(({ name, className = null, height, width }) => ({
      name,
      className,
      height,
      width,
    })),
    mapShape: state.mapShape,
    files: Object.fromEntries([...files].map(([file, { size }]) => [file, size])),
  };
  return { record, files: files.set('run.json', new Blob([JSON.stringify(record)])) };
}

/** The files of a run that is in memory, as `runFiles` gives them for a kept run. */
export const filesInMemory = (
  run: RunFacts,
  photographs: readonly KeptPhotograph[],
  state: RunState,
): ReadonlyMap<string, Blob> =>
  new Map<string, Blob>([
    ...slotFilesOf(run, 1, photographs, state).files,
    [runPhotographsFile, pixelsOf(photographs)],
  ]);

/**
 * @param signal ends it between two pieces of a file
 * @throws FailureError 'storage-full' and the like, or the signal's reason; the save before stays as it was
 */
export async function saveRun(
  folders: FileStorage,
  run: RunFacts,
  photographs: readonly KeptPhotograph[],
  state: RunState,
  signal?: AbortSignal,
): Promise<StoredRun> {
  const current = await currentSlot(folders, run.id);
  const slot = current?.slot === 0 ? 1 : 0;
  const generation = (current?.record.generation ?? 0) + 1;
  const { record, files } = slotFilesOf(run, generation, photographs, state);
  // From here on this slot holds no run.
  await folders.removeFile(run.id, nameIn(slot, 'run.json'));
  for (const [file, blob] of files) await writeFile(folders, run.id, nameIn(slot, file), blob, signal);
  return storedRun(run.id, record);
}

/** @throws FailureError 'run-file-invalid' */
async function readSnapshots(file: Blob, mapShape: RunState['mapShape']): Promise<MapSnapshot[]> {
  const opened = await openSafetensors(file);
  if (!opened.ok) throw new FailureError(opened.error);
  const snapshots: MapSnapshot[] = [];
  for (const name of opened.value.keys()) {
    const step = /^(\d+)\.teacher$/.exec(name)?.[1];
    if (step === undefined) continue;
    const mapsOfRole = async (role: string): Promise<Float32Array<ArrayBuffer>> => {
      const maps = opened.value.get(`${step}.${role}`);
      if (maps?.shape.join() !== mapShape.join())
        throw invalid('its maps.safetensors does not fit its run.json');
      return (await maps.read()) as Float32Array<ArrayBuffer>;
    };
    snapshots.push({
      step: Number(step),
      teacher: await mapsOfRole('teacher'),
      student: await mapsOfRole('student'),
      knnAccuracy: (await opened.value.get(`${step}.knn`)?.read())?.[0] ?? null,
    });
  }
  return snapshots.sort((a, b) => a.step - b.step);
}

/** @throws FailureError 'run-file-invalid' */
function parseLog(text: string): StepReport[] {
  const lines = text.split('\n').filter((line) => line !== '');
  try {
    return lines.flatMap((line) => parseReport(JSON.parse(line)) ?? []);
  } catch {
    throw invalid('its log.jsonl is damaged');
  }
}

async function readPhotographs(file: Blob, record: RunRecord): Promise<KeptPhotograph[]> {
  const photographs: KeptPhotograph[] = [];
  let at = 0;
  for (const { name, className = null, height, width } of record.photographs) {
    const values = await readBytes(file, at, at + height * width * 3);
    if (values === null) throw new FailureError({ code: 'run-not-kept' });
    photographs.push({ name, className, height, width, values: new Uint8ClampedArray(values.buffer) });
    at += values.byteLength;
  }
  return photographs;
}

/**
 * The latest save: what is known of it, and its files by the names they have in an archive.
 * @throws FailureError 'run-not-kept'
 */
export async function runFiles(
  folders: FileStorage,
  id: string,
): Promise<{ readonly record: RunRecord; readonly files: ReadonlyMap<string, Blob> }> {
  const current = await currentSlot(folders, id);
  if (current === null) throw new FailureError({ code: 'run-not-kept' });
  const files = new Map<string, Blob>();
  for (const [name, stored] of [
    ...runSlotFiles.map((file) => [file, nameIn(current.slot, file)] as const),
    [runPhotographsFile, runPhotographsFile] as const,
  ]) {
    const blob = await folders.read(id, stored);
    if (blob === null) throw new FailureError({ code: 'run-not-kept' });
    files.set(name, blob);
  }
  return { record: current.record, files };
}

/** @throws FailureError 'run-not-kept', 'run-file-invalid' */
export async function openRun(folders: FileStorage, id: string): Promise<OpenedRun> {
  const { record, files } = await runFiles(folders, id);
  const blob = (name: SlotFile | typeof runPhotographsFile): Blob => files.get(name) ?? new Blob();
  return {
    run: storedRun(id, record),
    photographs: await readPhotographs(blob(runPhotographsFile), record),
    state: blob('state.safetensors'),
    reports: parseLog(await blob('log.jsonl').text()),
    snapshots: await readSnapshots(blob('maps.safetensors'), record.mapShape),
    mapShape: record.mapShape,
  };
}

/**
 * Takes in the files of an archive as a run of this browser's. All or nothing.
 * @param files by the names that `runFiles` gives @throws FailureError 'run-file-invalid'
 */
export async function importRun(
  folders: FileStorage,
  id: string,
  files: ReadonlyMap<string, Blob>,
): Promise<StoredRun> {
  for (const name of [...runSlotFiles, runPhotographsFile])
    if (!files.has(name)) throw invalid(`it has no ${name}`);
  try {
    for (const [name, blob] of files) {
      if (name === runPhotographsFile) await writeFile(folders, id, name, blob);
      else if (runSlotFiles.some((file) => file === name))
        await writeFile(folders, id, nameIn(0, name as SlotFile), blob);
    }
    const record = await readRecord(folders, id, 0);
    if (record === null) throw invalid('its run.json does not fit its other files');
    return storedRun(id, record);
  } catch (error) {
    await folders.remove(id);
    throw error;
  }
}

async function titleIn(folders: FileStorage, id: string, slot: number): Promise<string | null> {
  try {
    const record: unknown = JSON.parse(
      (await (await folders.read(id, nameIn(slot, 'run.json')))?.text()) ?? '',
    );
    const { title } = record as { title?: unknown };
    return typeof title === 'string' ? title : null;
  } catch {
    return null;
  }
}

/** What is kept, the latest first; what cannot be read; and folders in which a crash before the first save has left no run. */
export async function listRuns(folders: FileStorage): Promise<{
  readonly runs: StoredRun[];
  readonly unreadable: UnreadableRun[];
  readonly unfinished: string[];
}> {
  const runs: StoredRun[] = [];
  const unreadable: UnreadableRun[] = [];
  const unfinished: string[] = [];
  for (const id of await folders.list()) {
    const current = await currentSlot(folders, id);
    if (current !== null) {
      runs.push(storedRun(id, current.record));
      continue;
    }
    const records = [
      await folders.read(id, nameIn(0, 'run.json')),
      await folders.read(id, nameIn(1, 'run.json')),
    ];
    if (records.every((record) => record === null)) unfinished.push(id);
    else unreadable.push({ id, title: (await titleIn(folders, id, 0)) ?? (await titleIn(folders, id, 1)) });
  }
  return { runs: runs.sort((a, b) => (a.savedAt < b.savedAt ? 1 : -1)), unreadable, unfinished };
}
