import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build, type Rolldown } from 'vite';
import { afterAll, expect, test } from 'vitest';
import { licences } from './licences-plugin.ts';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

const page = {
  'index.html': '<!doctype html><script type="module" src="./src/main.js"></script>',
  'src/main.js': `import 'typeface/face.css';
    import 'seen';
    new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });`,
  'src/worker.js': "import 'at-work';",
};

const describePackage = (name: string, license?: string): Record<string, string> => ({
  [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: '1.2.3', license, main: 'main.js' }),
  [`node_modules/${name}/main.js`]: `globalThis['${name}'] = 1;`,
});

const good = {
  ...page,
  ...describePackage('seen', 'MIT'),
  'node_modules/seen/LICENSE.md': 'Copyright of seen',
  ...describePackage('typeface', 'OFL-1.1'),
  'node_modules/typeface/face.css': 'p { color: red }',
  'node_modules/typeface/licence': 'Copyright of typeface',
  ...describePackage('at-work', 'MIT'),
  'node_modules/at-work/README.md':
    'At work\n=======\n\nLicense (MIT)\n-------------\n\nCopyright of at-work\n\n# More\n\nelse of at-work',
  ...describePackage('not-used', 'MIT'),
};

const apache = {
  ...good,
  ...describePackage('seen', 'Apache-2.0'),
  'node_modules/seen/main.js': `/**
 * @license
 * Copyright 2018 Somebody. All Rights Reserved.
 */
import './part.js';
globalThis.seen = 1;`,
  'node_modules/seen/part.js':
    '// Copyright 2018 Somebody. All Rights Reserved.\n/* Copyright 2020 Somebody else */\nglobalThis.part = 1;',
};
delete (apache as Record<string, string>)['node_modules/seen/LICENSE.md'];

/** @returns the file that lists the licences */
async function buildPage(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'dinoscope-licences-'));
  folders.push(root);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  const plugins = licences();
  const { output } = (await build({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [plugins.page],
    worker: { format: 'es', plugins: () => [plugins.worker()] },
    build: { write: false },
  })) as Rolldown.RolldownOutput;
  const file = output.find(({ fileName }) => fileName === 'licences.txt');
  return file?.type === 'asset' ? String(file.source) : '';
}

test('what the page holds is listed, be it a script, a style or part of a worker; what it does not hold is not', async () => {
  const text = await buildPage(good);
  const titles = [...text.matchAll(/^-{80}\n(.*)$/gm)].map(([, title]) => title);
  expect(titles).toEqual([
    'DINOscope (Apache-2.0)',
    'at-work 1.2.3 (MIT)',
    'seen 1.2.3 (MIT)',
    'typeface 1.2.3 (OFL-1.1)',
  ]);
  expect(text).toContain('at-work 1.2.3 (MIT)\n\nCopyright of at-work\n\n');
  expect(text).toContain('seen 1.2.3 (MIT)\n\nCopyright of seen\n\n');
  expect(text).toContain('typeface 1.2.3 (OFL-1.1)\n\nCopyright of typeface\n');
  expect(text).toContain('Version 2.0, January 2004');
  expect(text).not.toContain('else of at-work');
});

test('a package whose licence is ours, and that brings no text, is listed with its copyright', async () => {
  expect(await buildPage(apache)).toContain(
    'seen 1.2.3 (Apache-2.0)\n\nCopyright 2018 Somebody. All Rights Reserved.\nCopyright 2020 Somebody else\nThe text is that of DINOscope’s own licence, above.\n',
  );
});

test('a licence that nobody has agreed to stops the build, and so does one without its text', async () => {
  await expect(buildPage({ ...good, ...describePackage('seen', 'GPL-3.0') })).rejects.toThrow(
    'seen 1.2.3 is under GPL-3.0',
  );
  await expect(buildPage({ ...good, ...describePackage('seen') })).rejects.toThrow('seen 1.2.3 is under no');
  const { 'node_modules/at-work/README.md': _, ...without } = good;
  await expect(buildPage(without)).rejects.toThrow('at-work 1.2.3 comes without the text');
});
