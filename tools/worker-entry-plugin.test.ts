import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build, type Rolldown } from 'vite';
import { afterAll, expect, test } from 'vitest';
import { workerEntry } from './worker-entry-plugin.ts';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

/** Builds a page whose script starts src/worker.js. @returns the built scripts: name → text */
async function buildPage(files: Readonly<Record<string, string>>): Promise<Map<string, string>> {
  const root = await mkdtemp(join(tmpdir(), 'dinoscope-worker-entry-'));
  folders.push(root);
  const all = {
    ...files,
    'index.html': '<!doctype html><script type="module" src="./src/main.js"></script>',
    'src/main.js': "new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });",
  };
  for (const [name, text] of Object.entries(all)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  const { output } = (await build({
    root,
    configFile: false,
    logLevel: 'silent',
    worker: { format: 'es', plugins: () => [workerEntry()] },
    build: { write: false, minify: false },
  })) as Rolldown.RolldownOutput;
  return new Map(
    output
      .filter(({ fileName }) => fileName.endsWith('.js'))
      .map((file) => [file.fileName, file.type === 'chunk' ? file.code : String(file.source)]),
  );
}

test('what a worker’s entry shares with a chunk lies beside both: no chunk imports the entry', async () => {
  const scripts = await buildPage({
    'src/worker.js':
      "import { shared } from './shared.js';\nimport('./part.js').then(({ part }) => part(shared));",
    'src/part.js':
      "import { shared } from './shared.js';\nexport const part = (other) => postMessage(shared === other);",
    'src/shared.js': 'export const shared = { only: 1 };',
  });
  const entry = [...scripts.keys()].find((name) => name.startsWith('assets/worker-'));
  expect(entry).toBeDefined();
  const importers = [...scripts].filter(([, text]) => /(from|import) *\(?["']\.\/worker-/.test(text));
  expect(importers.map(([name]) => name)).toEqual([]);
  // One that both import, and the entry does not hold.
  expect([...scripts.values()].filter((text) => text.includes('only: 1'))).toHaveLength(1);
  expect(scripts.get(entry ?? '')).not.toContain('only: 1');
});

test('the entry itself names what its imports import', async () => {
  const scripts = await buildPage({
    'src/worker.js':
      "import { a } from './a.js';\nimport('./left.js').then(({ left }) => left(a));\nimport('./right.js').then(({ right }) => right(a));",
    'src/a.js': "import { b } from './b.js';\nexport const a = { of: b };",
    'src/b.js': "export const b = { only: 'b' };",
    'src/left.js': "import { a } from './a.js';\nexport const left = (other) => postMessage(a === other);",
    'src/right.js': "import { b } from './b.js';\nexport const right = (other) => postMessage(b === other);",
  });
  const entry = [...scripts.keys()].find((name) => name.startsWith('assets/worker-')) ?? '';
  const holdsB = [...scripts].find(([, text]) => text.includes("only: 'b'") || text.includes('only: "b"'));
  const holdsA = [...scripts].find(([, text]) => text.includes('of: '));
  if (holdsA === undefined || holdsB === undefined) throw new Error('nothing holds what was written');
  // Three files, or the test shows nothing.
  expect(new Set([entry, holdsA[0], holdsB[0]]).size).toBe(3);
  for (const [name] of [holdsA, holdsB])
    expect(scripts.get(entry)).toContain(`"./${name.slice('assets/'.length)}"`);
});

test('a build in which a chunk imports a worker’s entry fails and names both', async () => {
  const building = buildPage({
    'src/worker.js': "export const state = {};\nimport('./part.js').then(({ part }) => part());",
    'src/part.js': "import { state } from './worker.js';\nexport const part = () => postMessage(state);",
  });
  await expect(building).rejects.toThrow(
    /part-\S+\.js imports the worker's entry \S*worker-\S+\.js: WebKit would evaluate it twice/,
  );
});
