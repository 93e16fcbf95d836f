import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { describeFailure } from '../../src/core/failure.ts';
import { checkpointModel } from '../../src/models/load-checkpoint.ts';
import { tfjsModel } from '../../src/models/load-model.ts';
import type { ModelLoader } from '../../src/models/loaded-model.ts';
import { checkpointOptions, findCheckpoint, type CheckpointValues } from '../checkpoint-file.ts';
import { stopWith } from '../stop-with.ts';
import { folderSource } from './folder-source.ts';

const optionNames = Object.keys(checkpointOptions) as (keyof CheckpointValues)[];

/** What a person calls the file: its name without the endings that say only of what kind it is. */
const titleOf = (path: string): string =>
  basename(path).replace(/(\.pth|\.pt|\.tar|\.bin|\.ckpt|\.safetensors)+$/i, '');

/**
 * @param path a folder in tfjs format (or its model.json), or a checkpoint file
 * @returns the way to the model; stops with a sentence where there is nothing or an option does not fit
 */
export async function findModel(path: string, values: CheckpointValues): Promise<ModelLoader> {
  const facts = await stat(path).catch(() => null);
  if (facts === null) stopWith(describeFailure({ code: 'model-unreachable', url: path, status: null }));
  const isManifest = basename(path) === 'model.json';
  if (facts.isDirectory() || isManifest) {
    const given = optionNames.find((name) => values[name] !== undefined);
    if (given !== undefined) stopWith(`--${given} is for checkpoint files; ${path} is in tfjs format.`);
    return tfjsModel(folderSource(isManifest ? dirname(path) : path));
  }
  const { file, hints } = await findCheckpoint(path, values);
  const title = titleOf(path);
  return checkpointModel({ file, id: title, title, sha256: null, hints });
}
