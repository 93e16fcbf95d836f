/**
 * Writes licences.txt into the built page: each package of which it holds code, styles or a typeface, with its licence.
 * A package stops the build if its licence is not on our list, or if the licence's text is missing. Packages under Apache-2.0 may lack the
 * text, since it is that of our own licence.
 *
 * Vite's own `build.license` sees neither workers nor typefaces, and has no text for packages that come without one.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

/** Licences under which a package may be part of the page; docs/adr/0002. */
const agreed = ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'OFL-1.1'];

const ownLicence = fileURLToPath(new URL('../LICENSE', import.meta.url));
const packageFolder = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/;

interface Licensed {
  readonly title: string;
  readonly text: string;
}

/** What stands in the README under a heading about the licence, up to the next heading. */
function readLicenceOfReadme(folder: string, files: readonly string[]): string | undefined {
  const readme = files.find((name) => /^readme/i.test(name));
  if (readme === undefined) return undefined;
  const text = readFileSync(join(folder, readme), 'utf8');
  const section = /^(?:#+ *)?licen[sc]e\b[^\n]*\n[-=]*\n?([^]*?)(?=^#|(?![^]))/im.exec(text)?.[1]?.trim();
  return section?.includes('Copyright') === true ? section : undefined;
}

/** Whose the package is, by the comments of its modules, which the build leaves out. */
function readCopyrights(modules: Iterable<string>): string[] {
  const lines = [...modules].flatMap((path) =>
    existsSync(path) ? [...readFileSync(path, 'utf8').matchAll(/^[ */]*(Copyright \S.*?)[ */]*$/gm)] : [],
  );
  return [...new Set(lines.map(([, line = '']) => line))].sort();
}

/** @throws where the licence is not agreed, or its text not found */
function readLicence([folder, modules]: readonly [string, ReadonlySet<string>]): Licensed {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  if (license === undefined || !agreed.includes(license))
    throw new Error(`${name} ${version} is under ${license ?? 'no licence'}, which nobody has agreed to`);
  const files = readdirSync(folder);
  const file = files.find((entry) => /^(licen[sc]e|copying)/i.test(entry));
  const text =
    file === undefined ? readLicenceOfReadme(folder, files) : readFileSync(join(folder, file), 'utf8').trim();
  if (text === undefined && license !== 'Apache-2.0')
    throw new Error(`${name} ${version} comes without the text of its licence (${license})`);
  const title = `${name} ${version} (${license})`;
  if (text !== undefined) return { title, text };
  return {
    title,
    text: [...readCopyrights(modules), 'The text is that of DINOscope’s own licence, above.'].join('\n'),
  };
}

const rule = '-'.repeat(80);

function writeLicences(modules: ReadonlyMap<string, ReadonlySet<string>>): string {
  const packages = [...modules].map(readLicence).sort((a, b) => (a.title < b.title ? -1 : 1));
  const own = {
    title: 'DINOscope (Apache-2.0)',
    text: `Sample photographs: samples/CREDITS.md. Models: the README.md beside each in models/.\n\n${readFileSync(ownLicence, 'utf8').trim()}`,
  };
  return [
    'This page holds the following.',
    ...[own, ...packages].map(({ title, text }) => `${rule}\n${title}\n\n${text}`),
    '',
  ].join('\n\n');
}

export interface LicencePlugins {
  /** Collects what the page holds, and writes the file. */
  readonly page: Plugin;
  /** Collects what a worker holds, which is built before the page's file is written. */
  readonly worker: () => Plugin;
}

export function licences(): LicencePlugins {
  /** By the folder of their package. */
  const modules = new Map<string, Set<string>>();
  const collect = (ids: Iterable<string>): void => {
    for (const id of ids) {
      const path = id.replace(/^\0/, '').replace(/\?.*$/, '');
      const folder = packageFolder.exec(path)?.[1];
      if (folder !== undefined) modules.set(folder, (modules.get(folder) ?? new Set()).add(path));
    }
  };
  return {
    worker: () => ({
      name: 'dinoscope-licences-of-workers',
      generateBundle() {
        collect(this.getModuleIds());
      },
    }),
    page: {
      name: 'dinoscope-licences',
      apply: 'build',
      generateBundle() {
        collect(this.getModuleIds());
        this.emitFile({ type: 'asset', fileName: 'licences.txt', source: writeLicences(modules) });
      },
    },
  };
}
