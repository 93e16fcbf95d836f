/** Runs the Python tests of pretraining, and checks that the page's tools can read a run. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tfjsModel } from '../../src/models/load-model.ts';
import { findPython } from '../../src/testing/find-python.ts';
import { runTool } from '../../src/testing/run-tool.ts';
import { folderSource } from '../attend/folder-source.ts';

const run = promisify(execFile);
const cwd = fileURLToPath(new URL('../..', import.meta.url));
const environment = { ...process.env, OMP_NUM_THREADS: '1' };

const python = await findPython();
if (python === null) console.warn('tools/pretrain is not tested: no Python with PyTorch, NumPy and Pillow.');

describe.skipIf(python === null)('with PyTorch', () => {
  const call = (...args: readonly string[]): Promise<{ stdout: string; stderr: string }> =>
    run(python ?? '', ['-W', 'ignore', ...args], { cwd, env: environment });
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pretrain-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('its own tests pass', async () => {
    const { stderr } = await call('-m', 'unittest', 'discover', '-s', 'tools/pretrain');
    expect(stderr).toMatch(/Ran [1-9]\d* tests[^]*\nOK\n$/);
  }, 300_000);

  test('what a run writes is what convert takes and the page loads', async () => {
    const writeExample = `import sys; sys.path.insert(0, 'tools/pretrain')
from pathlib import Path
from example import write_example
write_example(Path(sys.argv[1]))`;
    await call('-c', writeExample, folder);
    const out = join(folder, 'run');
    const files = ['--config', join(folder, 'config.json'), '--data', folder, '--out', out];
    await call('tools/pretrain/main.py', ...files, '--images', '16', '--device', 'cpu');
    const model = join(folder, 'model');
    const converted = await runTool('convert', join(out, 'model.safetensors'), '--out', model);
    expect(converted.stdout).toContain(
      'model: 24 channels, 2 blocks, 3 heads, patches of 8 px, trained on 4 × 4',
    );
    const loaded = await tfjsModel(folderSource(model))(new AbortController().signal, () => {});
    expect(loaded).toMatchObject({ ok: true, value: { architecture: { numHeads: 3, gridSize: 4 } } });
  }, 120_000);
});
