import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describeFailure } from '../../src/core/failure.ts';
import { checkpointModel } from '../../src/models/load-checkpoint.ts';
import { tfjsModel } from '../../src/models/load-model.ts';
import type { ModelLoader } from '../../src/models/loaded-model.ts';
import { checkpointOptions, findCheckpoint, type CheckpointValues } from '../checkpoint-file.ts';
import { stopWith } from '../stop-with.ts';
import { folderSource } from './folder-source.ts';

const optionNames = Object.keys(checkpointOptions) as (keyof CheckpointValues)[];

const manifestName = 'model.json';

/** Whether it is a folder in tfjs format, or its model.json. */
async function isInTfjsFormat(path: string): Promise<boolean> {
  return basename(path) === manifestName || (await stat(join(path, manifestName)).catch(() => null)) !== null;
}

/**
 * The models of a command that takes several. Options of checkpoint files are for those of them that are such files.
 * @returns their loaders, in their order; ends the command as `findModel` does
 */
export async function findEachModel(
  models: readonly (readonly [path: string, values: CheckpointValues])[],
): Promise<ModelLoader[]> {
  const areTfjs = await Promise.all(models.map(([path]) => isInTfjsFormat(path)));
  const haveFile = areTfjs.includes(false);
  return Promise.all(
    models.map(([path, values], at) => findModel(path, haveFile && areTfjs[at] ? {} : values)),
  );
}

/**
 * @param path a folder in tfjs format (or its model.json), or a checkpoint as `findCheckpoint` takes it
 * @returns the model's loader; ends the command with a sentence where there is no model, or an option does not fit
 */
export async function findModel(path: string, values: CheckpointValues): Promise<ModelLoader> {
  const facts = await stat(path).catch(() => null);
  if (facts === null) stopWith(describeFailure({ code: 'model-unreachable', url: path, status: null }));
  if (await isInTfjsFormat(path)) {
    const given = optionNames.find((name) => values[name] !== undefined);
    if (given !== undefined) stopWith(`--${given} is for checkpoint files; ${path} is in tfjs format.`);
    return tfjsModel(folderSource(facts.isDirectory() ? path : dirname(path)));
  }
  const { files, title, hints } = await findCheckpoint(path, values);
  return checkpointModel({ files, id: title, title, sha256: null, hints });
}
