/** Other tests run the tools as one script each (`testing/run-tool`); here they start from their sources, as for a person. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { root } from '../src/testing/run-tool.ts';

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

test.each(['attend', 'collapse', 'compare', 'convert', 'evaluate', 'finetune'])(
  'npm run %s tells its usage',
  async (name) => {
    expect(scripts[name]).toBe(`tsx tools/${name}/main.ts`);
    const words = ['--import', tsx, join(root, `tools/${name}/main.ts`), '--help'];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, words);
    expect(stderr).toBe('');
    expect(stdout).toContain(`Usage: npm run ${name}`);
  },
);
