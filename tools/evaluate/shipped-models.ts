/** The models that come with the page. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @returns the folders in public/models, by name */
export async function shippedModels(): Promise<string[]> {
  const models = fileURLToPath(new URL('../../public/models', import.meta.url));
  const entries = await readdir(models, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return names.sort().map((name) => join(models, name));
}
