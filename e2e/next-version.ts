/** Makes the page's next build: every script has another name, and the service worker has another version. */
import { cp, mkdtemp, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { builtPage } from './plain-host.ts';

const hasNames = (file: string): boolean => ['.html', '.js', '.css', '.webmanifest'].includes(extname(file));

/** @returns the folder; the caller removes it */
export async function makeNextVersion(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dinoscope-next-'));
  await cp(builtPage, folder, { recursive: true });
  const names = await readdir(join(folder, 'assets'));
  const nextName = (name: string): string => name.replace(/(?=\.\w+$)/, '-next');
  for (const file of await readdir(folder, { recursive: true })) {
    if (!hasNames(file)) continue;
    let text = await readFile(join(folder, file), 'utf8');
    for (const name of names) text = text.replaceAll(name, nextName(name));
    if (file === 'sw.js')
      text = text.replaceAll(/[\da-f]{16}/g, (version) => `${version.slice(1)}${version.slice(0, 1)}`);
    await writeFile(join(folder, file), text);
  }
  for (const name of names)
    await rename(join(folder, 'assets', name), join(folder, 'assets', nextName(name)));
  return folder;
}
