import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { describeFailure } from '../../src/core/failure.ts';
import type { PixelGrid } from '../../src/media/resample.ts';
import { readPhoto } from '../photographs/read-photo.ts';

/** Folders hold other things too; a file that is named by itself is always tried. */
const endings: ReadonlySet<string> = new Set([
  '.jpg',
  '.jpeg',
  '.png',
  '.webp',
  '.avif',
  '.gif',
  '.tif',
  '.tiff',
]);

/** Files of a folder in the order of their names: a run depends on it. */
async function filesOf(path: string): Promise<string[]> {
  const facts = await stat(path).catch(() => null);
  if (!facts?.isDirectory()) return [path];
  const names = await readdir(path);
  return names
    .filter((name) => endings.has(extname(name).toLowerCase()))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => join(path, name));
}

/** @param complain hears of every file that cannot be read; the others go on */
export async function readPhotographs(
  paths: readonly string[],
  complain: (sentence: string) => void,
): Promise<PixelGrid[]> {
  const photographs: PixelGrid[] = [];
  for (const path of paths)
    for (const file of await filesOf(path)) {
      const photo = await readPhoto(file);
      if (photo.ok) photographs.push(photo.value);
      else complain(`${file}: ${describeFailure(photo.error)}`);
    }
  return photographs;
}
