/** The options that every command has which reads a checkpoint file, and the way from them to the file and what is known of it. */
import { openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMacNote } from '../src/core/file-names.ts';
import type { PatchGrid } from '../src/core/geometry.ts';
import type { CheckpointHints } from '../src/core/model.ts';
import { stopWith } from './stop-with.ts';

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
  --heads <n>        how many attention heads (default: from the config; else channels / 64, and 12 for MoCo v3)
  --grid <r>x<c>     the rows and columns of patches that it was trained on, as in 6x8 (default: from the config or an image size
                     in the file; else one CLS token and a square)
  --config <file>    the architecture as JSON (default: config.json beside the checkpoint, if there is one;
                     else it is worked out from the tensors' shapes)`;

export type CheckpointValues = { readonly [name in keyof typeof checkpointOptions]?: string };

export interface CheckpointFile {
  readonly file: Blob;
  readonly hints: CheckpointHints;
}

function readGrid(text: string): PatchGrid {
  const [, rows, columns] =
    /^([1-9]\d{0,3})[x×,]([1-9]\d{0,3})$/.exec(text) ??
    stopWith(`--grid ${text} is not rows × columns of patches, as in --grid 6x8.`);
  return { rows: Number(rows), columns: Number(columns) };
}

/** A config that was asked for must be there; one beside the checkpoint may be. */
async function readConfig(path: string, isAskedFor: boolean): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null && !isAskedFor) return undefined;
  try {
    return JSON.parse(text ?? '') as unknown;
  } catch {
    stopWith(`${path} is ${text === null ? 'missing' : 'not JSON'}: it must give the architecture.`);
  }
}

/** Node throws at once where there is no file, and rejects only later. */
async function openFile(path: string): Promise<Blob> {
  try {
    return await openAsBlob(path);
  } catch {
    stopWith(`${path} cannot be read.`);
  }
}

/** Stops with a sentence where an option or a file is wrong. Nothing of the checkpoint itself is read yet. */
export async function findCheckpoint(
  path: string,
  { key, heads, grid, config }: CheckpointValues,
): Promise<CheckpointFile> {
  const numHeads = heads === undefined ? undefined : Number(heads);
  if (numHeads !== undefined && !(Number.isInteger(numHeads) && numHeads > 0))
    stopWith(`--heads ${heads} is not a positive whole number.`);
  const trained = grid === undefined ? undefined : readGrid(grid);
  if (isMacNote(path)) stopWith(`${path} is what macOS notes beside a file, and no checkpoint.`);
  const file = await openFile(path);
  const fromConfig = await readConfig(config ?? join(dirname(path), 'config.json'), config !== undefined);
  return { file, hints: { config: fromConfig, network: key, numHeads, grid: trained } };
}
