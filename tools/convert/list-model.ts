/** models.json: the models in a folder, for the page's choice of models. A page cannot look into a folder by itself. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../write-whole.ts';

export interface ListedModel {
  /** The name of the model's folder. */
  readonly id: string;
  readonly title: string;
  /** Of all its files. */
  readonly bytes: number;
}

const hasModels = (json: unknown): json is { models: unknown[] } =>
  typeof json === 'object' && json !== null && 'models' in json && Array.isArray(json.models);

const idOf = (entry: unknown): unknown =>
  typeof entry === 'object' && entry !== null && 'id' in entry ? entry.id : undefined;

/** @returns the list with the model in it, in its old place where it was there; null where the text is no such list */
export function withModel(text: string | null, model: ListedModel): string | null {
  let list: unknown = { models: [] };
  try {
    if (text !== null) list = JSON.parse(text);
  } catch {
    return null;
  }
  if (!hasModels(list)) return null;
  const isThere = list.models.some((entry) => idOf(entry) === model.id);
  const models = isThere
    ? list.models.map((entry) => (idOf(entry) === model.id ? model : entry))
    : [...list.models, model];
  return `${JSON.stringify({ ...list, models }, null, 2)}\n`;
}

/**
 * Adds the model to the folder's models.json, or brings its entry up to date. A file of that name that is something else
 * stays as it is.
 * @returns what became of it, in words
 */
export async function listModel(folder: string, model: ListedModel): Promise<string> {
  const path = join(folder, 'models.json');
  const text = await readFile(path, 'utf8').catch(() => null);
  const changed = withModel(text, model);
  if (changed === null)
    return `${path} is not a list of models and stays as it is: the page will not offer ${model.id}.`;
  if (changed !== text) await writeWhole(path, changed);
  return `Listed in ${path}`;
}
