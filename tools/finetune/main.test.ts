import { spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { openAsBlob } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StepReport } from '../../src/core/training.ts';
import { openCheckpoint } from '../../src/models/open-checkpoint.ts';
import { root, runTool, runToolIn, toolArguments, type ToolRun } from '../../src/testing/run-tool.ts';

const samples = ['cat', 'dog', 'coffee'].map((name) => join(root, `public/samples/${name}.jpg`));
/** Small enough that a step takes a fraction of a second. */
const small = (
  '--preset collapse-in-a-minute --steps 6 --set batchSize=2 --set globalCropPx=32 --set hiddenDim=16 ' +
  '--set bottleneckDim=8 --set outputDim=16'
).split(' ');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'finetune-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function lossesOf(log: string): Promise<number[]> {
  const lines = (await readFile(join(folder, log), 'utf8')).trim().split('\n');
  const reports = lines.map((line) => JSON.parse(line) as StepReport);
  expect(reports.map(({ step }) => step)).toEqual(reports.map((_, i) => i + 1));
  return reports.map(({ loss }) => loss);
}

/** Stops it once a line for step 2 has come. @param cwd the folder that it is called in */
async function runUntilStoppedIn(
  cwd: string,
  stop: (child: ChildProcess) => void,
  ...args: readonly string[]
): Promise<{ exitCode: number | null; stderr: string }> {
  const words = await toolArguments('finetune', args);
  return new Promise((resolve) => {
    const child = spawn(process.execPath, words, { cwd });
    let stderr = '';
    let isStopped = false;
    child.stderr.on('data', (piece: Buffer) => {
      stderr += piece.toString();
      if (!isStopped && /^step 2\//m.test(stderr)) {
        isStopped = true;
        stop(child);
      }
    });
    child.on('close', (exitCode) => resolve({ exitCode, stderr }));
  });
}
const runUntilStopped = runUntilStoppedIn.bind(null, root);

test(
  'a run that was stopped with Ctrl-C and resumed gives the losses of one that was not',
  { timeout: 240_000 },
  async () => {
    const whole = await runTool('finetune', ...samples, ...small, '--out', join(folder, 'whole.safetensors'));
    expect(whole.exitCode).toBe(0);
    const expected = await lossesOf('whole.jsonl');
    expect(expected.length).toBe(6);
    expect(new Set(expected).size).toBe(6);

    const out = join(folder, 'part.safetensors');
    const stopped = await runUntilStopped(
      (child) => child.kill('SIGINT'),
      ...samples,
      ...small,
      '--out',
      out,
    );
    expect(stopped).toMatchObject({ exitCode: 0 });
    expect(stopped.stderr).toMatch(/Stopping after this step/);
    const begun = await lossesOf('part.jsonl');
    expect(begun.length).toBeLessThan(6);
    expect(begun).toEqual(expected.slice(0, begun.length));

    const saved = await readFile(out);
    const resumeTo = (name: string): Promise<ToolRun> =>
      runTool('finetune', ...samples, '--resume', out, '--out', `${folder}/${name}`);
    expect(await resumeTo('whole.safetensors')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^There is a run at .*whole\.safetensors already\. Give --out/) as string,
    });
    expect(await lossesOf('whole.jsonl')).toEqual(expected);

    const resumed = await resumeTo('rest.safetensors');
    expect(resumed.exitCode).toBe(0);
    expect(resumed.stderr).not.toMatch(/not the photographs/);
    expect(await lossesOf('rest.jsonl')).toEqual(expected);
    expect(await readFile(out)).toEqual(saved);
    // Its own name, said in another way.
    expect((await resumeTo('./part.safetensors')).exitCode).toBe(0);
    expect(await lossesOf('part.jsonl')).toEqual(expected);

    const teacher = await openCheckpoint(await openAsBlob(join(folder, 'rest.teacher.safetensors')));
    const same = await openCheckpoint(await openAsBlob(join(folder, 'whole.safetensors')), {
      network: 'teacher',
    });
    if (!teacher.ok || !same.ok) throw new Error('a file of the run does not open');
    expect(teacher.value.parameters).toEqual(same.value.parameters);
  },
);

test('a run that is told to end by the system saves; one that nobody listens to goes on', async () => {
  const ended = join(folder, 'ended.safetensors');
  const stopped = await runUntilStopped(
    (child) => child.kill('SIGTERM'),
    ...samples,
    ...small,
    '--out',
    ended,
  );
  expect(stopped.exitCode).toBe(0);
  expect((await openCheckpoint(await openAsBlob(ended))).ok).toBe(true);
  const unheard = join(folder, 'unheard.safetensors');
  const { exitCode } = await runUntilStopped(
    (child) => child.stderr?.destroy(),
    ...samples,
    ...small,
    '--out',
    unheard,
  );
  expect(exitCode).toBe(0);
  expect(await lossesOf('unheard.jsonl')).toHaveLength(6);
});

test('a run whose terminal is closed saves under a free name, and goes on in its own file', async () => {
  const home = join(folder, 'home');
  const files = join(home, 'finetune-out');
  await mkdir(files, { recursive: true });
  // Numbers alone are a run too.
  await writeFile(join(files, 'run.jsonl'), 'the numbers of another run\n');
  const closed = await runUntilStoppedIn(home, (child) => child.kill('SIGHUP'), ...samples, ...small);
  expect(closed).toMatchObject({ exitCode: 0 });
  expect(closed.stderr).toMatch(/Saved finetune-out\/run-2\.safetensors after \d+ steps/);

  const run = ['run-2.jsonl', 'run-2.safetensors', 'run-2.student.safetensors', 'run-2.teacher.safetensors'];
  expect((await readdir(files)).sort()).toEqual([...run, 'run.jsonl']);
  const resumed = await runToolIn(home, 'finetune', ...samples, '--resume', 'finetune-out/run-2.safetensors');
  expect(resumed).toMatchObject({ exitCode: 0 });
  expect(resumed.stderr).toMatch(/Saved finetune-out\/run-2\.safetensors after 6 steps/);
  expect((await readdir(files)).sort()).toEqual([...run, 'run.jsonl']);
  expect(await lossesOf('home/finetune-out/run-2.jsonl')).toHaveLength(6);
  expect(await readFile(join(files, 'run.jsonl'), 'utf8')).toBe('the numbers of another run\n');
});

test('a run that is there stays as it is; saves count steps, reported or not', async () => {
  const out = join(folder, 'there.safetensors');
  const log = join(folder, 'there.jsonl');
  await writeFile(log, 'the numbers of another run\n');
  const refused = await runTool('finetune', ...samples, ...small, '--out', out);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(/^There is a run at .*there\.safetensors already/);
  expect(await readFile(log, 'utf8')).toBe('the numbers of another run\n');

  const intervals = ['--steps', '5', '--report-every', '5', '--save-every', '2'];
  const seldom = join(folder, 'seldom.safetensors');
  // A folder in a save's place ends the run there, between two reports.
  await mkdir(join(folder, 'seldom.teacher.safetensors'));
  const blocked = await runTool('finetune', ...samples, ...small, ...intervals, '--out', seldom);
  expect(blocked.exitCode).not.toBe(0);
  expect(await readFile(join(folder, 'seldom.jsonl'), 'utf8')).toBe('');
});

test('a run replaces neither what is left of another nor the checkpoint that it begins with', async () => {
  const left = join(folder, 'left.teacher.safetensors');
  await cp(join(root, 'tools/reference/fixtures/checkpoints/model.safetensors'), left);
  const before = await readFile(left);
  const out = join(folder, 'left.safetensors');
  for (const model of [[], ['--model', left, '--heads', '3']]) {
    const run = await runTool('finetune', ...samples, ...model, '--out', out);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(
      /^There is a run at .*left\.safetensors already, of which .*left\.teacher\.safetensors is left\./,
    );
  }
  expect(await readFile(left)).toEqual(before);

  await mkdir(join(folder, 'folder.safetensors'));
  const folderThere = await runTool('finetune', ...samples, '--out', join(folder, 'folder.safetensors'));
  expect(folderThere.exitCode).toBe(1);
  expect(folderThere.stderr.trim()).toMatch(
    /folder\.safetensors cannot be written: there is a folder of that name\.$/,
  );
});

test('photographs of a folder are shrunk as they are read; one that cannot be read is told by the exit code', async () => {
  const photos = join(folder, 'photos');
  await mkdir(join(photos, 'more'), { recursive: true });
  const large = sharp({ create: { height: 1500, width: 2000, channels: 3, background: '#3a6' } });
  await writeFile(join(photos, 'large.jfif'), await large.jpeg().toBuffer());
  await cp(samples[0] ?? '', join(photos, 'more', 'small.jpg'));
  await writeFile(join(photos, '._large.jfif'), 'what macOS notes');
  await writeFile(join(photos, 'broken.png'), 'Dear reader');
  const out = join(folder, 'shrunk.safetensors');
  const run = await runTool('finetune', photos, ...small, '--steps', '1', '--out', out);
  expect(run.exitCode).toBe(1);
  // Crops of 32 px want a short side of 64: 85 × 64 and 96 × 64 px of three bytes.
  expect(run.stderr).toContain('2 photographs (35\u00a0kB in main memory)');
  expect(run.stderr).toContain(`${join(photos, 'broken.png')}: This is not an image.`);
  expect(run.stderr).not.toContain('._large');
  expect(run.stderr).toContain(`Saved ${out} after 1 step.`);
});

test.concurrent.each([
  [
    2,
    /^--preset adapt-vit-s16 adapts a network that does not come with the page/,
    [...samples, '--preset', 'adapt-vit-s16'],
  ],
  [
    1,
    /^Training cannot start: networks of the DINOv2 kind \(registers, LayerScale\) cannot be trained here/,
    [
      ...samples,
      '--model',
      join(root, 'tools/reference/fixtures/checkpoints/dinov2-registers.pth'),
      '--set',
      'globalCropPx=56',
      '--set',
      'localCropPx=28',
      '--heads',
      '2',
    ],
  ],
  [2, /^Give at least one image or folder: npm run finetune -- --help/, []],
  [2, /^--preset none is none of collapse-in-a-minute/, [...samples, '--preset', 'none']],
  [2, /^--set learningrate=1: there is no learningrate/, [...samples, '--set', 'learningrate=1']],
  [2, /^Training cannot start: outputDim is 3; it must be/, [...samples, ...small, '--set', 'outputDim=3']],
  [2, /^Training cannot start: learningRate is -1; it must be/, [...samples, '--set', 'learningRate=-1']],
  [1, /^Training cannot start: global crops of 50 px/, [...samples, ...small, '--set', 'globalCropPx=50']],
  [1, /There is no photograph to learn from/, ['no-such-folder']],
  [1, /^This checkpoint cannot be read: /, [...samples, '--resume', samples[0] ?? '']],
  [1, /^public is a folder, and no file\.$/, [...samples, '--resume', 'public']],
  [
    2,
    /^A run that goes on has its network: --resume takes no --heads\.$/,
    [...samples, '--resume', 'x', '--heads', '3'],
  ],
  [
    2,
    /^--preset collapse-in-a-minute begins with a network of its own: --heads is/,
    [...samples, '--preset', 'collapse-in-a-minute', '--heads', '3'],
  ],
  [2, /^A run that goes on keeps its settings/, [...samples, '--resume', 'x', '--steps', '5']],
])('a wrong call ends with code %i in a sentence: %s', async (exitCode, sentence, args) => {
  const wrong = await runTool('finetune', ...args);
  expect(wrong.exitCode).toBe(exitCode);
  expect(wrong.stderr.trim()).toMatch(sentence);
  expect(wrong.stderr).not.toMatch(/^ +at /m);
});
