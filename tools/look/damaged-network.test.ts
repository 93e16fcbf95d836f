/** Networks whose attention is right, and whose numbers behind the last attention are not. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeSafetensors } from '../../src/formats/safetensors-writer.ts';
import { expectedNetwork } from '../../src/testing/checkpoint-networks.ts';
import { root, runTool } from '../../src/testing/run-tool.ts';

const cat = join(root, 'public/samples/cat.jpg');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'damaged-network-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each([
  ['norm.weight', NaN],
  ['blocks.1.mlp.fc2.bias', Infinity],
])('%s with %d in it', (name, value) => {
  test.each(['features', 'colours', 'objects', 'objects --method lost', 'objects --method maskcut'])(
    '%s say so, and write nothing',
    async (words) => {
      const { architecture, parameters } = expectedNetwork('dino');
      const { shape, values } = parameters.get(name) ?? expect.unreachable(name);
      const damaged = new Map(parameters);
      damaged.set(name, {
        shape,
        values: Float32Array.from(values, (each, at) => (at === 1 ? value : each)),
      });
      const model = join(folder, 'damaged.safetensors');
      await writeFile(model, Buffer.from(await writeSafetensors(damaged, {}).arrayBuffer()));
      const out = join(folder, `${name} ${words}`);
      const behindAll = ['--block', String(architecture.depth), '--facet', 'token'];
      const options = ['--model', model, '--heads', '3', '--side', '16', '--out', out];
      const run = await runTool('look', ...words.split(' '), cat, ...behindAll, ...options);
      expect(run.stderr).toMatch(/The result failed its check \(a feature is (NaN|Infinity|-Infinity)\)/);
      expect(run.exitCode).toBe(1);
      // The folder may not even be there.
      expect(await readdir(out).catch(() => [])).toEqual([]);
    },
  );
});
