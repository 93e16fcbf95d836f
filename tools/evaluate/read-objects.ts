import { readFile } from 'node:fs/promises';
import { readPngValues } from '../../src/media/png-values.ts';
import { findObjects, type Objects } from '../../src/score/objects.ts';

/** @returns the objects of a mask, or a phrase that says what is wrong with the file */
export async function readObjects(path: string): Promise<Objects | string> {
  const bytes = await readFile(path).catch(() => null);
  const values = bytes === null ? null : await readPngValues(bytes);
  return values === null ? 'it cannot be decoded' : findObjects(values);
}
