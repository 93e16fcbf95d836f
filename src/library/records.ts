/**
 * Records beside a model's files, correct after a crash at any moment. A download has `partial.json` from its first
 * byte. `complete.json` is written when every byte has been checked; only then it is a model.
 */
import { FailureError } from '../core/failure.ts';
import type { CheckpointHints } from '../core/model.ts';
import type { PartialModel, StoredModel } from '../rpc/library-contract.ts';
import type { FileStorage } from './file-storage.ts';

/** The one file of a checkpoint. */
export const weightsFile = 'weights';

const completeFile = 'complete.json';
const partialFile = 'partial.json';

/** A download that is not complete. The file's own length says how many bytes there are. */
export interface PartialRecord {
  readonly url: string;
  /** The server's name for this version of the file, sent back as If-Range; null where it gave none. */
  readonly validator: string | null;
  readonly totalBytes: number | null;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (json: unknown): json is Fields => typeof json === 'object' && json !== null;
const isLength = (json: unknown): json is number => Number.isSafeInteger(json) && Number(json) >= 0;
const isSide = (json: unknown): json is number => isLength(json) && json > 0;
const isTextOrNull = (json: unknown): json is string | null => json === null || typeof json === 'string';

function parseHints(json: unknown): CheckpointHints {
  if (!isFields(json)) return {};
  const { numHeads, grid, network, config, preprocessor } = json;
  return {
    ...(isSide(numHeads) ? { numHeads } : {}),
    ...(isFields(grid) && isSide(grid['rows']) && isSide(grid['columns'])
      ? { grid: { rows: grid['rows'], columns: grid['columns'] } }
      : {}),
    ...(typeof network === 'string' ? { network } : {}),
    ...(config === undefined ? {} : { config }),
    ...(preprocessor === undefined ? {} : { preprocessor }),
  };
}

function parseStored(id: string, json: unknown): StoredModel | null {
  if (!isFields(json)) return null;
  const { title, kind, files, sha256, source, storedAt, hints } = json;
  if (typeof title !== 'string' || typeof storedAt !== 'string') return null;
  if (kind !== 'checkpoint' && kind !== 'tfjs') return null;
  if (!isTextOrNull(sha256) || !isTextOrNull(source) || !Array.isArray(files)) return null;
  const isFile = (file: unknown): file is { name: string; byteLength: number } =>
    isFields(file) && typeof file['name'] === 'string' && isLength(file['byteLength']);
  if (files.length === 0 || !files.every(isFile)) return null;
  return { id, title, kind, files, sha256, source, storedAt, hints: parseHints(hints) };
}

function parsePartial(json: unknown): PartialRecord | null {
  if (!isFields(json)) return null;
  const { url, validator, totalBytes } = json;
  if (typeof url !== 'string' || !isTextOrNull(validator)) return null;
  if (totalBytes !== null && !isLength(totalBytes)) return null;
  return { url, validator, totalBytes };
}

/** @returns null where it is missing or damaged */
async function readJson(folders: FileStorage, model: string, file: string): Promise<unknown> {
  const blob = await folders.read(model, file);
  try {
    return blob === null ? null : (JSON.parse(await blob.text()) as unknown);
  } catch {
    return null;
  }
}

async function writeJson(folders: FileStorage, model: string, name: string, json: unknown): Promise<void> {
  const file = await folders.open(model, name);
  try {
    file.truncate(0);
    file.write(new TextEncoder().encode(JSON.stringify(json)), 0);
    file.flush();
  } finally {
    file.close();
  }
}

export async function readPartial(
  folders: FileStorage,
  id: string,
): Promise<(PartialRecord & { readonly bytes: Blob }) | null> {
  const record = parsePartial(await readJson(folders, id, partialFile));
  const bytes = record === null ? null : await folders.read(id, weightsFile);
  return record === null || bytes === null ? null : { ...record, bytes };
}

export const writePartial = (folders: FileStorage, id: string, record: PartialRecord): Promise<void> =>
  writeJson(folders, id, partialFile, record);

/** @returns null where it is missing, or has another length */
export async function readStored(folders: FileStorage, id: string): Promise<StoredModel | null> {
  const stored = parseStored(id, await readJson(folders, id, completeFile));
  if (stored === null) return null;
  for (const { name, byteLength } of stored.files)
    if ((await folders.read(id, name))?.size !== byteLength) return null;
  return stored;
}

export async function writeStored(folders: FileStorage, { id, ...model }: StoredModel): Promise<void> {
  await writeJson(folders, id, completeFile, model);
  await folders.removeFile(id, partialFile);
}

/**
 * Everything that is kept. `remains` are folders that are neither a model nor a download: copies that a crash
 * interrupted.
 */
export async function listModels(
  folders: FileStorage,
): Promise<{ stored: StoredModel[]; partial: PartialModel[]; remains: string[] }> {
  const stored: StoredModel[] = [];
  const partial: PartialModel[] = [];
  const remains: string[] = [];
  for (const id of await folders.list()) {
    const model = await readStored(folders, id);
    if (model !== null) {
      stored.push(model);
      continue;
    }
    const begun = await readPartial(folders, id);
    if (begun === null) remains.push(id);
    else partial.push({ id, keptBytes: begun.bytes.size, totalBytes: begun.totalBytes });
  }
  return { stored, partial, remains };
}

/** @throws FailureError 'model-not-kept' */
export async function openStored(
  folders: FileStorage,
  id: string,
): Promise<{ model: StoredModel; files: ReadonlyMap<string, Blob> }> {
  const model = await readStored(folders, id);
  if (model === null) throw new FailureError({ code: 'model-not-kept' });
  const files = new Map<string, Blob>();
  for (const { name } of model.files) {
    const blob = await folders.read(id, name);
    if (blob === null) throw new FailureError({ code: 'model-not-kept' });
    files.set(name, blob);
  }
  return { model, files };
}
