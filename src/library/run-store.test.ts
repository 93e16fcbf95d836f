import { beforeEach, describe, expect, test } from 'vitest';
import { officialConfiguration } from '../core/hyper-parameters.ts';
import { FailureError } from '../core/failure.ts';
import type { StepReport } from '../core/training.ts';
import type { StoredRun } from '../rpc/training-contract.ts';
import { createMemoryStorage, type FileStorage } from './file-storage.ts';
import {
  listRuns,
  openRun,
  runFiles,
  saveRun,
  importRun,
  writePhotographs,
  type KeptPhotograph,
  type RunState,
} from './run-store.ts';

const photographs: KeptPhotograph[] = [
  { name: 'a.jpg', height: 2, width: 3, values: Uint8Array.from({ length: 18 }, (_, i) => i) },
  { name: 'b.jpg', className: 'mugs', height: 1, width: 1, values: Uint8Array.from([7, 8, 9]) },
];

const runAt = (step: number, savedAt = '2026-11-23T09:00:00.000Z'): Omit<StoredRun, 'byteLength'> => ({
  id: 'run-1',
  title: 'Collapse in a minute',
  modelTitle: 'from scratch',
  configuration: officialConfiguration,
  step,
  photographs: ['a.jpg', 'b.jpg'],
  pinned: 1,
  switches: [{ step: 1, centring: true, sharpening: true }],
  intervals: { saveEvery: 25, mapsEvery: 5 },
  startedAt: '2026-11-23T08:00:00.000Z',
  savedAt,
});

const report = (step: number): StepReport => ({
  step,
  loss: 1 / 3 + step,
  teacherEntropy: 1 / 7,
  kl: 0.1,
  centreNorm: 1,
  gradientNorm: 2,
  learningRate: 1e-5,
  weightDecay: 0.04,
  teacherMomentum: 0.996,
  teacherTemperature: 0.04,
  stepMs: 12.5,
});

const stateAt = (step: number): RunState => ({
  state: new Blob([`the networks at step ${step}`]),
  reports: Array.from({ length: step }, (_, i) => report(i + 1)),
  snapshots: [0, step].map((at) => ({
    step: at,
    teacher: Float32Array.from([at, 0.5]),
    student: Float32Array.from([at, 0.25]),
    knnAccuracy: at === 0 ? null : 0.75,
  })),
  mapShape: [1, 1, 2],
});

let folders: FileStorage;
beforeEach(async () => {
  folders = createMemoryStorage('refused');
  await writePhotographs(folders, 'run-1', photographs);
});

const save = (step: number, used = folders) => saveRun(used, runAt(step), photographs, stateAt(step));

const opened = async () => {
  const { run, state, reports, snapshots, photographs: kept, mapShape } = await openRun(folders, 'run-1');
  return { step: run.step, text: await state.text(), reports, snapshots, kept, mapShape };
};

test('a run comes out as it went in, photographs and all', async () => {
  const saved = await save(3);
  const { files } = await runFiles(folders, 'run-1');
  // The record itself is not in its own sum.
  const total = [...files].reduce((sum, [name, { size }]) => sum + (name === 'run.json' ? 0 : size), 0);
  expect(saved).toEqual({ ...runAt(3), byteLength: total });
  const { step, text, reports, snapshots, kept, mapShape } = await opened();
  expect([step, text, mapShape]).toEqual([3, 'the networks at step 3', [1, 1, 2]]);
  expect(reports).toEqual(stateAt(3).reports);
  expect(snapshots).toEqual(stateAt(3).snapshots);
  expect(kept.map(({ name, className, values }) => [name, className, [...values]])).toEqual(
    photographs.map(({ name, className = null, values }) => [name, className, [...values]]),
  );
});

test('the latest save is the run, save after save', async () => {
  for (const step of [1, 2, 3, 4, 5]) {
    await save(step);
    expect((await opened()).text).toBe(`the networks at step ${step}`);
  }
  expect((await listRuns(folders)).runs.map(({ step }) => step)).toEqual([5]);
});

describe('a crash in the middle of a save', () => {
  const slotFiles = ['state.safetensors', 'log.jsonl', 'maps.safetensors', 'run.json'];

  test.each(slotFiles)('when it opens %s leaves the save before', async (name) => {
    await save(1);
    await save(2);
    const crashing: FileStorage = {
      ...folders,
      open: (id, file) =>
        file.endsWith(name)
          ? Promise.reject(new FailureError({ code: 'storage-full', neededBytes: null, freeBytes: null }))
          : folders.open(id, file),
    };
    await expect(save(3, crashing)).rejects.toThrow('storage-full');
    expect(await opened()).toMatchObject({ step: 2, text: 'the networks at step 2' });
    await save(3);
    expect((await opened()).step).toBe(3);
  });

  test.each(slotFiles)('that cut %s off leaves the save before', async (name) => {
    await save(1);
    await save(2);
    const slot = (await folders.read('run-1', '1-run.json')) === null ? 0 : 1;
    (await folders.open('run-1', `${slot}-${name}`)).truncate(5);
    expect((await opened()).step).toBe(1);
  });
});

test('a folder in which no save was ever whole is told apart', async () => {
  expect(await listRuns(folders)).toEqual({ runs: [], unreadable: [], unfinished: ['run-1'] });
  await expect(openRun(folders, 'run-1')).rejects.toThrow('run-not-kept');
});

test('what another version has kept, or what is damaged, is no run and no rubbish', async () => {
  await save(1);
  const { record } = await runFiles(folders, 'run-1');
  const write = async (id: string, text: string): Promise<void> => {
    const file = await folders.open(id, '0-run.json');
    file.truncate(0);
    file.write(new TextEncoder().encode(text), 0);
  };
  const { lossOfTomorrow: _, ...later } = { ...record, version: 2, lossOfTomorrow: 1 };
  await write('run-1', JSON.stringify(later));
  await write('run-2', '{"version":1,"ti');
  const unreadable = [
    { id: 'run-1', title: 'Collapse in a minute' },
    { id: 'run-2', title: null },
  ];
  expect(await listRuns(folders)).toEqual({ runs: [], unreadable, unfinished: [] });
});

test('photographs that are not all there make no run', async () => {
  await save(1);
  (await folders.open('run-1', 'photographs.rgb')).truncate(20);
  expect((await listRuns(folders)).unreadable.map(({ id }) => id)).toEqual(['run-1']);
});

test('a log or maps that are no such thing are named', async () => {
  const replace = async (name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
    const file = await folders.open('run-1', `0-${name}`);
    file.truncate(0);
    file.write(bytes, 0);
  };
  const { size } = (await save(1), (await runFiles(folders, 'run-1')).files.get('log.jsonl')) ?? { size: 0 };
  await replace('log.jsonl', new TextEncoder().encode('}'.repeat(size)));
  await expect(openRun(folders, 'run-1')).rejects.toMatchObject({
    failure: { code: 'run-file-invalid', problem: 'its log.jsonl is damaged' },
  });
});

describe('taking in the files of another browser', () => {
  const other = createMemoryStorage('refused');

  test('gives the same run under its new name', async () => {
    await save(2);
    const run = await importRun(other, 'run-2', (await runFiles(folders, 'run-1')).files);
    expect(run).toMatchObject({ id: 'run-2', step: 2, photographs: ['a.jpg', 'b.jpg'] });
    expect((await openRun(other, 'run-2')).reports).toEqual(stateAt(2).reports);
  });

  test.each(['state.safetensors', 'log.jsonl', 'maps.safetensors', 'run.json', 'photographs.rgb'])(
    'without %s leaves nothing behind',
    async (missing) => {
      await save(2);
      const files = new Map((await runFiles(folders, 'run-1')).files);
      files.delete(missing);
      await expect(importRun(other, 'run-3', files)).rejects.toThrow('run-file-invalid');
      expect(await other.list()).not.toContain('run-3');
    },
  );

  test.each(['{', '{"version":2}', 'null', '{"version":1,"step":-1}'])(
    'with the record %s leaves nothing',
    async (json) => {
      await save(2);
      const files = new Map((await runFiles(folders, 'run-1')).files).set('run.json', new Blob([json]));
      await expect(importRun(other, 'run-4', files)).rejects.toThrow('run-file-invalid');
      expect(await other.list()).not.toContain('run-4');
    },
  );
});
