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

test('a build in which a chunk imports a worker’s entry fails and names both', async () => {
  const building = buildPage({
    'src/worker.js': "export const state = {};\nimport('./part.js').then(({ part }) => part());",
    'src/part.js': "import { state } from './worker.js';\nexport const part = () => postMessage(state);",
  });
  await expect(building).rejects.toThrow(
    /part-\S+\.js imports the worker's entry \S*worker-\S+\.js: WebKit would evaluate it twice/,
  );
});
