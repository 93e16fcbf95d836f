import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build, type Rolldown } from 'vite';
import { expect, onTestFinished, test } from 'vitest';
import { earlyScripts } from './early-scripts-plugin.ts';

/** @returns the names of what was built, and the page */
async function buildPage(
  files: Readonly<Record<string, string>>,
  groups: Rolldown.CodeSplittingGroup[] = [],
) {
  const root = await mkdtemp(join(tmpdir(), 'dinoscope-early-scripts-'));
  onTestFinished(() => rm(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  const { output } = (await build({
    root,
    base: './',
    configFile: false,
    logLevel: 'silent',
    plugins: [earlyScripts()],
    build: { write: false, rolldownOptions: { output: { codeSplitting: { groups } } } },
  })) as Rolldown.RolldownOutput;
  const page = output.find(({ fileName }) => fileName === 'index.html');
  if (page?.type !== 'asset') throw new Error('there is no page');
  return { built: new Set(output.map(({ fileName }) => `./${fileName}`)), html: String(page.source) };
}

test('a page names the scripts and styles that its entry will ask for, each once, and not what those ask for later', async () => {
  const { built, html } = await buildPage({
    'index.html':
      '<!doctype html><html><head><script type="module" src="./src/main.js"></script></head></html>',
    'src/main.js':
      "import { shared } from './shared.js';\nimport('./rest.js').then(({ rest }) => rest(shared));\nimport('./other.js').then(({ other }) => other());",
    'src/shared.js': 'export const shared = { only: 1 };',
    'src/more.js': 'export const more = { only: 2 };',
    'src/other.js': "import { more } from './more.js';\nexport const other = () => more;",
    'src/rest.js':
      "import './rest.css';\nimport { more } from './more.js';\nimport { shared } from './shared.js';\nexport const rest = (other) => import('./later.js').then(({ later }) => later(shared, other, more));",
    'src/rest.css': 'p { color: red }',
    'src/later.js': "import './later.css';\nexport const later = console.log;",
    'src/later.css': 'p { color: green }',
  });
  const named = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path = '']) => path);
  const rest = named.filter((path) => path.includes('/rest-'));
  expect(rest.map((path) => path.replace(/-[^.]+/, '')).sort()).toEqual([
    './assets/rest.css',
    './assets/rest.js',
  ]);
  // After the entry, which is to run first.
  expect(html).toMatch(
    /<script type="module" [^>]*index-[^>]*><\/script>[^]*<script type="module" [^>]*rest-[^>]*\.js"/,
  );
  expect(html).toMatch(/<link rel="modulepreload" [^>]*more-[^>]*\.js"/);
  expect(html).toMatch(/<link rel="stylesheet" [^>]*rest-[^>]*\.css"/);
  expect(named.filter((path) => path.includes('later'))).toEqual([]);
  expect(new Set(named).size).toBe(named.length);
  // All that is named is there.
  expect(named.filter((path) => !built.has(path))).toEqual([]);
});

test('a build fails in which the entry holds what it asks for, so that nothing would begin before it', async () => {
  const files = {
    'index.html':
      '<!doctype html><html><head><script type="module" src="./src/main.js"></script></head></html>',
    'src/main.js':
      "import { shared } from './shared.js';\nimport('./rest.js').then(({ rest }) => rest(shared));",
    'src/shared.js': 'export const shared = { only: 1 };',
    'src/rest.js':
      "import { shared } from './shared.js';\nexport const rest = (other) => console.log(shared === other);",
  };
  await expect(buildPage(files, [{ name: 'rest', test: /rest\.js/ }])).rejects.toThrow(
    'nothing would begin before it',
  );
});
