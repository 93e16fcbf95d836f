/** Other tests run the tools as one script each (`testing/run-tool`); here they start from their sources, as for a person. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { checkpointPath } from '../src/testing/checkpoint-fixtures.ts';
import { root } from '../src/testing/run-tool.ts';

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** As npm starts it. */
function run(name: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  expect(scripts[name]).toBe(`tsx tools/${name}/main.ts`);
  const words = ['--import', tsx, join(root, `tools/${name}/main.ts`), ...args];
  return promisify(execFile)(process.execPath, words, { cwd: root, env: { ...process.env, ...env } });
}

test.each(['attend', 'collapse', 'compare', 'convert', 'evaluate', 'finetune', 'fuzz', 'look', 'prove'])(
  'npm run %s tells its usage',
  async (name) => {
    const { stdout, stderr } = await run(name, ['--help'], {});
    expect(stderr).toBe('');
    expect(stdout).toContain(`Usage: npm run ${name}`);
  },
);

test('paths are of the folder where a command was called, from which npm goes to the project', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'caller-'));
  try {
    await copyFile(checkpointPath('dino.pth'), join(folder, 'own.pth'));
    const called = { INIT_CWD: folder, npm_lifecycle_event: 'convert' };
    await run('convert', ['own.pth', '--heads', '3', '--out', 'models/own'], called);
    expect(await readdir(join(folder, 'models/own'))).toContain('model.json');
  } finally {
    await rm(folder, { recursive: true });
  }
});
