/** Options of all commands that read a checkpoint file, and how the file is found by them. */
import { openAsBlob } from 'node:fs';
import { access, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isMacNote } from '../src/core/file-names.ts';
import type { PatchGrid } from '../src/core/geometry.ts';
import type { CheckpointHints } from '../src/core/model.ts';
import {
  distributedParts,
  isDistributedPart,
  isIndexName,
  partsByIndex,
  partsByName,
  type CheckpointParts,
} from '../src/core/checkpoint-parts.ts';
import { findEntryBytes, readZipDirectory } from '../src/formats/zip-directory.ts';
import { keepInputs } from './inputs.ts';
import { readWholeNumber } from './read-options.ts';
import { stopWith, stopWithWrong } from './stop-with.ts';

/** For `readOptions`. */
export const checkpointOptions = {
  key: { type: 'string' },
  heads: { type: 'string' },
  grid: { type: 'string' },
  config: { type: 'string' },
} as const;

export const checkpointUsage = `\
  --key <name>       which of the file's networks: teacher or student, or whatever stands before its parameters' names
                     (default: the only one, else the teacher)
  --heads <n>        how many attention heads (default: from the config; else channels / 64, 16 for ViT-H
                     and larger ones, 12 for MoCo v3)
  --grid <r>x<c>     the rows and columns of patches that it was trained on, as in 6x8 (default: from the config or an image size
                     in the file; else one CLS token and a square)
  --config <file>    the architecture as JSON (default: config.json beside the checkpoint, if there is one;
                     else it is worked out from the tensors' shapes)`;

export type CheckpointValues = { readonly [name in keyof typeof checkpointOptions]?: string };

export interface CheckpointFile {
  /** One, or the parts of one checkpoint. */
  readonly files: readonly Blob[];
  /** A title: the file's name without the endings that only tell its kind. */
  readonly title: string;
  readonly hints: CheckpointHints;
}

function readGrid(text: string): PatchGrid {
  const [, rows, columns] =
    /^([1-9]\d{0,3})[x×,]([1-9]\d{0,3})$/.exec(text) ??
    stopWithWrong(`--grid ${text} is not rows × columns of patches, as in --grid 6x8.`);
  return { rows: Number(rows), columns: Number(columns) };
}

/** @returns undefined where it is not JSON. Some editors write a mark at a text's beginning, which JSON does not know. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown;
  } catch {
    return undefined;
  }
}

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => null))?.isDirectory() ?? false;

/** A config that was asked for must be there and give the architecture. */
async function readConfig(path: string): Promise<unknown> {
  const must = 'it must give the architecture';
  if (await isFolder(path)) stopWith(`${path} is a folder, and no file: ${must}.`);
  await keepInputs([path]);
  const text = await readFile(path, 'utf8').catch(() => stopWith(`${path} is missing: ${must}.`));
  return parseJson(text) ?? stopWith(`${path} is not JSON: ${must}.`);
}

/** One that lies beside the checkpoint may be there, and may be something else. */
async function readConfigBeside(path: string): Promise<unknown> {
  await keepInputs([path]);
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return undefined;
  const config = parseJson(text);
  if (config === undefined) console.error(`${path} is not JSON, and is left aside.`);
  return config;
}

/** Ends the command with a sentence where it cannot be opened. Node throws at once where there is no file, and takes a folder for one. */
export async function openFile(path: string): Promise<Blob> {
  try {
    if (await isFolder(path)) stopWith(`${path} is a folder, and no file.`);
    return await openAsBlob(path);
  } catch {
    stopWith(`${path} cannot be read.`);
  }
}

async function readIndex(path: string): Promise<unknown> {
  await keepInputs([path]);
  const text = await readFile(path, 'utf8').catch(() => stopWith(`${path} cannot be read.`));
  return parseJson(text) ?? stopWith(`${path} is not JSON: it must tell which parameter lies in which file.`);
}

/** @returns the files that belong together with that at `path`, which may be their index, or one of them */
async function findParts(path: string): Promise<CheckpointParts> {
  const name = basename(path);
  if (isIndexName(name))
    return (
      partsByIndex(name, await readIndex(path)) ?? stopWith(`${path} is no index of a checkpoint's files.`)
    );
  return partsByName(name) ?? { title: name, names: [name] };
}

/** What a folder of Hugging Face's holds: the one checkpoint, else the index: one may be left from a checkpoint that was in parts. */
async function fileIn(folder: string): Promise<string> {
  const all = await readdir(folder).catch(() => stopWith(`The folder ${folder} cannot be read.`));
  const names = all.filter((name) => !isMacNote(name));
  if (names.some(isDistributedPart)) stopWith(`${folder} is a checkpoint in parts: ${distributedParts}.`);
  const found =
    ['model.safetensors', 'pytorch_model.bin'].find((name) => names.includes(name)) ??
    names.find(isIndexName) ??
    names.find((name) => partsByName(name) !== null) ??
    stopWith(
      `${folder} holds neither a model.json nor a checkpoint by one of the usual names (model.safetensors, ` +
        'pytorch_model.bin, or several files with their numbers or an index). Name the file itself.',
    );
  return join(folder, found);
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Where the networks are in a run that the page has saved as a whole. */
const runStateName = 'state.safetensors';

/** @returns what a run's archive has of its networks; any other file as it is (PyTorch's are archives too) */
async function networksIn(file: Blob, name: string): Promise<Blob> {
  if (!/\.zip$/i.test(name)) return file;
  const entries = await readZipDirectory(file).catch(() => null);
  const entry = entries?.get(runStateName);
  if (entry === undefined) return file;
  if (!entry.isStored) stopWith(`${name} was packed anew: give it as the page has saved it.`);
  const begin = await findEntryBytes(file, entry);
  return file.slice(begin, begin + entry.byteLength);
}

const titleOf = (name: string): string =>
  name.replace(/(\.pth|\.pt|\.tar|\.bin|\.ckpt|\.safetensors|\.zip|\.npz|\.pkl)+$/i, '');

interface Parts {
  readonly title: string;
  readonly files: readonly Blob[];
  readonly missing: readonly string[];
  /** Whether only its name speaks of the missing ones. */
  readonly mayBeWhole: boolean;
}

/** @param path a file that may be one of several */
async function openParts(path: string): Promise<Parts> {
  const { title, names } = await findParts(path);
  const missing: string[] = [];
  for (const name of names) if (!(await isThere(join(dirname(path), name)))) missing.push(name);
  // Numbers of which some are missing may count epochs: the file is opened by itself.
  const mayBeWhole = missing.length > 0 && !isIndexName(path);
  const taken = mayBeWhole ? [basename(path)] : names.filter((name) => !missing.includes(name));
  const files: Blob[] = [];
  for (const name of taken) {
    const part = join(dirname(path), name);
    await keepInputs([part]);
    files.push(await networksIn(await openFile(part), name));
  }
  return { title: titleOf(mayBeWhole ? basename(path) : title), files, missing, mayBeWhole };
}

/**
 * Stops with a sentence where an option or a file is wrong. Nothing of the checkpoint itself is read yet.
 * @param path a file, one of several that belong together, their index, or the folder of either
 */
export async function findCheckpoint(
  path: string,
  { key, heads, grid, config }: CheckpointValues,
): Promise<CheckpointFile> {
  const numHeads = heads === undefined ? undefined : readWholeNumber('heads', heads, 1, Infinity);
  const trained = grid === undefined ? undefined : readGrid(grid);
  if (isMacNote(path)) stopWith(`${path} is what macOS notes beside a file, and no checkpoint.`);
  if (isDistributedPart(path)) stopWith(`${path} is a part of a checkpoint: ${distributedParts}.`);
  const file = (await isFolder(path)) ? await fileIn(path) : path;
  const { title, files, missing, mayBeWhole } = await openParts(file);
  const fromConfig =
    config === undefined
      ? await readConfigBeside(join(dirname(file), 'config.json'))
      : await readConfig(config);
  const hints = {
    config: fromConfig,
    preprocessor: await readConfigBeside(join(dirname(file), 'preprocessor_config.json')),
    isConfigNamed: config !== undefined,
    network: key,
    numHeads,
    grid: trained,
    missingParts: missing,
    mayBeWhole,
  };
  return { files, title, hints };
}
