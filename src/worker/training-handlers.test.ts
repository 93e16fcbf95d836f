/** Runs as the page asks for them, on the cpu back end, in memory instead of a browser's storage. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { FailureError, type Failure } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import type { TrainingConfiguration } from '../core/training.ts';
import { archiveHeadBytes, kindOfArchive } from '../core/kind-of-archive.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { createMemoryStorage, type FileStorage } from '../library/file-storage.ts';
import { openCheckpoint } from '../models/open-checkpoint.ts';
import type { Handlers } from '../rpc/serve-calls.ts';
import { createSerialQueue, type Enqueue } from '../rpc/serial-queue.ts';
import type { TrainingContract, TrainingProgress, TransferProgress } from '../rpc/training-contract.ts';
import { randomPhotographs, tinyArchitecture, tinyConfiguration } from '../testing/tiny-training.ts';
import { Trainer } from '../train/trainer.ts';
import { createTrainingHandlers } from './training-handlers.ts';

const photographs = randomPhotographs(3);

let backend: OpenBackend;
let folders: FileStorage;
let handlers: Handlers<TrainingContract>;
/** What was said, in its order; `onNews` is asked at each. */
let news: TrainingProgress[];
let onNews: (progress: TrainingProgress) => void;
let enqueue: Enqueue;

const valueOf = <T>(result: Result<T, Failure>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
};

beforeAll(async () => {
  backend = valueOf(await openBackend('cpu', null));
});

beforeEach(() => {
  folders = createMemoryStorage('refused');
  news = [];
  onNews = () => undefined;
  enqueue = createSerialQueue();
  handlers = createTrainingHandlers({
    folders: Promise.resolve(folders),
    tools: {
      enqueue,
      yieldToEventLoop: () => new Promise((resolve) => setImmediate(resolve)),
      memoryBytes: () => tf.memory().numBytes,
      now: () => performance.now(),
      today: () => new Date('2026-11-23T09:00:00Z'),
    },
    faults: () => backend.faults,
    currentArchitecture: () => tinyArchitecture,
    loadCurrent: () => Promise.resolve(fail({ code: 'model-not-kept' })),
    readPhotograph: async (blob) => {
      const index = Number(await blob.text());
      const photo = photographs[index];
      return photo === undefined ? fail({ code: 'not-an-image' }) : succeed(photo);
    },
  });
});

const context = () => ({
  signal: new AbortController().signal,
  onProgress: (progress: TrainingProgress) => {
    news.push(progress);
    onNews(progress);
  },
});
const quiet = { signal: new AbortController().signal, onProgress: () => undefined };

type NewRun = Extract<TrainingContract['train']['request'], { kind: 'new' }>;

const newRun = (change: Partial<TrainingConfiguration> = {}, more: Partial<NewRun> = {}): NewRun => ({
  kind: 'new',
  title: 'Tiny',
  model: tinyArchitecture,
  configuration: { ...tinyConfiguration, learningRate: 0.05, steps: 8, ...change },
  photographs: photographs.map((_, i) => ({ name: `${i}.png`, blob: new Blob([String(i)]) })),
  pinned: 1,
  intervals: { saveEvery: 3, mapsEvery: 2 },
  crops: false,
  ...more,
});

const losses = (): number[] => news.flatMap((each) => (each.stage === 'step' ? [each.report.loss] : []));
/** What each snapshot of a whole run says. */
const accuracies = async (more: Partial<NewRun>) => {
  valueOf(await handlers.train(newRun({}, more), context()));
  return news.flatMap((each) => (each.stage === 'maps' ? [each.snapshot] : []));
};
const pauseAfter = (step: number): void => {
  onNews = (progress) => {
    if (progress.stage === 'step' && progress.report.step === step)
      void handlers.steer({ pause: true }, quiet);
  };
};

describe('a run', () => {
  test('tells every step, takes maps and saves in its intervals, and leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const { how, run } = valueOf(await handlers.train(newRun(), context()));
    expect(tf.memory().numTensors).toBe(before);
    expect([how, run.step, run.photographs]).toEqual(['finished', 8, ['0.png', '1.png', '2.png']]);
    expect(losses()).toHaveLength(8);
    const stages = (stage: TrainingProgress['stage']): number[] =>
      news.flatMap((each) =>
        each.stage !== stage
          ? []
          : each.stage === 'maps'
            ? [each.snapshot.step]
            : each.stage === 'saved'
              ? [each.run.step]
              : [],
      );
    expect(stages('maps')).toEqual([0, 2, 4, 6, 8]);
    // Twice at first: there is room for both slots.
    expect(stages('saved')).toEqual([0, 0, 3, 6, 8]);
    expect(valueOf(await handlers.listRuns({}, quiet))).toMatchObject({
      notKept: 'refused',
      runs: [{ step: 8 }],
    });
  });

  test('of photographs with classes tells how often the teacher knows them, and of others it tells nothing', async () => {
    // Two of each, the same picture twice: alike in any network.
    const pairs = ['0', '1', '0', '1'].map((index, at) => ({
      name: `${at}.png`,
      blob: new Blob([index]),
      className: index === '0' ? 'mugs' : 'others',
    }));
    const known = await accuracies({ photographs: pairs });
    expect(known.map(({ step }) => step)).toEqual([0, 2, 4, 6, 8]);
    for (const { knnAccuracy } of known) {
      expect(knnAccuracy).toBeGreaterThanOrEqual(0);
      expect(knnAccuracy).toBeLessThanOrEqual(1);
    }
    const [run] = valueOf(await handlers.listRuns({}, quiet)).runs;
    news = [];
    valueOf(await handlers.train({ kind: 'resume', id: run?.id ?? '', crops: false }, context()));
    const ready = news.find((each) => each.stage === 'ready');
    expect(ready?.snapshots.map(({ knnAccuracy }) => knnAccuracy)).toEqual(
      known.map(({ knnAccuracy }) => knnAccuracy),
    );
    news = [];
    expect((await accuracies({})).map(({ knnAccuracy }) => knnAccuracy)).toEqual(Array(5).fill(null));
  });

  test('that is looked for before its first save keeps its photographs, where nobody can have a lock', async () => {
    vi.stubGlobal('navigator', {});
    const looks: Promise<unknown>[] = [];
    onNews = ({ stage }) => {
      if (stage === 'saving' && looks.length === 0) looks.push(handlers.listRuns({}, quiet));
    };
    const { run } = valueOf(await handlers.train(newRun(), context()));
    await Promise.all(looks);
    vi.unstubAllGlobals();
    expect(looks).toHaveLength(1);
    expect(await folders.read(run.id, 'photographs.rgb')).not.toBeNull();
  });

  test('that is paused and resumed gives the losses and maps of one that never stopped', async () => {
    valueOf(await handlers.train(newRun(), context()));
    const expected = losses();
    const lastMaps = news.findLast((each) => each.stage === 'maps');
    news = [];
    pauseAfter(5);
    const { how, run } = valueOf(await handlers.train(newRun(), context()));
    expect([how, run.step]).toEqual(['paused', 5]);
    onNews = () => undefined;
    const resumed = { kind: 'resume', id: run.id, crops: false } as const;
    valueOf(await handlers.train(resumed, context()));
    expect(losses()).toEqual(expected);
    const ready = news.findLast((each) => each.stage === 'ready');
    expect(ready?.reports.map(({ loss }) => loss)).toEqual(expected.slice(0, 5));
    expect(ready?.snapshots.map(({ step }) => step)).toEqual([0, 2, 4]);
    expect(news.findLast((each) => each.stage === 'maps')).toEqual(lastMaps);
  });

  test('that begins again as a kept one began gives its losses, also where that was switched on its way', async () => {
    valueOf(await handlers.train(newRun(), context()));
    const expected = losses();
    onNews = (progress) => {
      if (progress.stage === 'step' && progress.report.step === 3)
        void handlers.steer({ centring: false }, quiet);
    };
    const { run: kept } = valueOf(await handlers.train(newRun(), context()));
    onNews = () => undefined;
    news = [];
    const again = { kind: 'again', id: kept.id, crops: false } as const;
    const { run } = valueOf(await handlers.train(again, context()));
    expect(losses()).toEqual(expected);
    expect(run.id).not.toBe(kept.id);
    expect(run).toMatchObject({ title: kept.title, pinned: 1, photographs: kept.photographs });
    expect(valueOf(await handlers.listRuns({}, quiet)).runs).toHaveLength(3);
  });

  test('lets photographs in between two steps', async () => {
    const order: string[] = [];
    onNews = ({ stage }) => {
      if (stage !== 'step') return;
      order.push('step');
      if (order.length === 2) void enqueue(() => Promise.resolve(order.push('photograph')));
    };
    valueOf(await handlers.train(newRun({ steps: 4 }), context()));
    expect(order).toEqual(['step', 'step', 'photograph', 'step', 'step']);
  });

  test('takes the switches from the next step on, marks them, and keeps them', async () => {
    onNews = (progress) => {
      if (progress.stage === 'step' && progress.report.step === 3)
        void handlers.steer({ centring: false, sharpening: false }, quiet);
    };
    const { run } = valueOf(await handlers.train(newRun(), context()));
    expect(run.switches).toEqual([
      { step: 1, centring: true, sharpening: true },
      { step: 4, centring: false, sharpening: false },
    ]);
    expect(run.configuration).toMatchObject({ centring: false, sharpening: false });
    const temperatures = news.flatMap((each) =>
      each.stage === 'step' ? [each.report.teacherTemperature] : [],
    );
    expect(temperatures.map((value) => value.toFixed(2))).toEqual([
      ...Array.from({ length: 3 }, () => '0.04'),
      ...Array.from({ length: 5 }, () => '0.10'),
    ]);
  });

  test('sends its crops while they are asked for', async () => {
    valueOf(await handlers.train(newRun({ steps: 2 }, { crops: true }), context()));
    const crops = news.find((each) => each.stage === 'crops');
    // Two photographs a step, two global and two local views of each.
    expect(crops?.crops.map(({ kind }) => kind)).toEqual([
      'global-1',
      'global-1',
      'global-2',
      'global-2',
      ...Array.from({ length: 4 }, () => 'local'),
    ]);
  });

  test('that is only opened again is not written again', async () => {
    const { run } = valueOf(await handlers.train(newRun({ steps: 2 }), context()));
    news = [];
    const again = valueOf(await handlers.train({ kind: 'resume', id: run.id, crops: false }, context()));
    expect(again).toEqual({ how: 'finished', run });
    expect(news.map(({ stage }) => stage)).not.toContain('saving');
  });

  test('keeps a switch that comes with the pause for the step after it', async () => {
    onNews = (progress) => {
      if (progress.stage === 'step' && progress.report.step === 3)
        void handlers.steer({ centring: false, pause: true }, quiet);
    };
    const { run } = valueOf(await handlers.train(newRun(), context()));
    expect(run).toMatchObject({ step: 3, configuration: { centring: false } });
    expect(run.switches.at(-1)).toEqual({ step: 4, centring: false, sharpening: true });
  });

  test('hears a pause that comes while it is being prepared', async () => {
    const trained = handlers.train(newRun(), context());
    await handlers.steer({ pause: true }, quiet);
    expect(valueOf(await trained)).toMatchObject({ how: 'paused', run: { step: 0 } });
  });

  test.each(['check', 'photographs', 'model', 'maps', 'saving', 'saved'] as const)(
    'that is cancelled while it is prepared (%s) leaves nothing',
    async (stage) => {
      const before = tf.memory().numTensors;
      const controller = new AbortController();
      onNews = (progress) => {
        if (progress.stage === stage) controller.abort();
      };
      const outcome = await handlers.train(newRun(), { ...context(), signal: controller.signal });
      expect(outcome).toEqual(fail({ code: 'cancelled' }));
      expect(losses()).toEqual([]);
      expect(tf.memory().numTensors).toBe(before);
      expect(await folders.list()).toEqual([]);
    },
  );

  test('that is cancelled inside its first save writes no further', async () => {
    const controller = new AbortController();
    const { open } = folders;
    const opened: string[] = [];
    vi.spyOn(folders, 'open').mockImplementation((id, file) => {
      opened.push(file);
      if (file.endsWith('state.safetensors')) controller.abort();
      return open.call(folders, id, file);
    });
    const outcome = await handlers.train(newRun(), { ...context(), signal: controller.signal });
    vi.restoreAllMocks();
    expect(outcome).toEqual(fail({ code: 'cancelled' }));
    expect(opened.at(-1)).toMatch(/state\.safetensors$/);
    expect(await folders.list()).toEqual([]);
  });

  test('is alone: another one is refused', async () => {
    const first = handlers.train(newRun({ steps: 1 }), context());
    expect(await handlers.train(newRun(), quiet)).toEqual(fail({ code: 'run-busy' }));
    valueOf(await first);
  });
});

describe('what goes wrong', () => {
  test('a photograph that cannot be read is named, and nothing is kept', async () => {
    const request = newRun({}, { photographs: [{ name: 'x.txt', blob: new Blob(['9']) }], pinned: 0 });
    const outcome = await handlers.train(request, context());
    expect(outcome).toMatchObject({ ok: false, error: { code: 'training-impossible' } });
    expect(JSON.stringify(outcome)).toContain('x.txt: This is not an image');
    expect(valueOf(await handlers.listRuns({}, quiet)).runs).toEqual([]);
  });

  test('a loss that is not finite ends the run, and the last good state stays', async () => {
    // That the trainer finds it, and takes nothing of the step, is the trainer's own test.
    const step = vi.spyOn(Trainer.prototype, 'step');
    onNews = (progress) => {
      if (progress.stage === 'step' && progress.report.step === 4)
        step.mockResolvedValueOnce(fail({ code: 'training-diverged', step: 5 }));
    };
    const outcome = await handlers.train(newRun(), context());
    step.mockRestore();
    expect(outcome).toEqual(fail({ code: 'training-diverged', step: 5 }));
    expect(valueOf(await handlers.listRuns({}, quiet)).runs).toMatchObject([{ step: 4 }]);
  });

  const full = { code: 'storage-full', neededBytes: null, freeBytes: null } as const;
  /** @returns what the disk is asked from now on: which saves fail, counted from 1 */
  const failSaves = (): Set<number> => {
    const { open } = folders;
    let saves = 0;
    const failing = new Set<number>();
    folders.open = (id, file) => {
      if (file.endsWith('state.safetensors')) saves += 1;
      return failing.has(saves) ? Promise.reject(new FailureError(full)) : open(id, file);
    };
    return failing;
  };

  test.each([1, 2])('a disk that is full at save %i is told before the first step', async (save) => {
    failSaves().add(save);
    expect(await handlers.train(newRun(), context())).toEqual(fail(full));
    expect(losses()).toEqual([]);
    // Nothing was learned: nothing is left, the photographs least of all.
    expect(await folders.list()).toEqual([]);
  });

  test('a disk that fills while a run goes on ends no run', async () => {
    failSaves().add(3);
    const { run } = valueOf(await handlers.train(newRun(), context()));
    expect(run.step).toBe(8);
    expect(news.filter(({ stage }) => stage === 'unsaved')).toEqual([
      { stage: 'unsaved', failure: full, waits: false },
    ]);
  });

  test('a run whose last save fails waits: it can be taken away, and saved where there is room again', async () => {
    // Saves: twice at 0, at 3, at 6, and at the end.
    const failing = failSaves().add(5).add(6);
    let exported: Blob | null = null;
    let waited = 0;
    onNews = (progress) => {
      if (progress.stage !== 'unsaved' || !progress.waits) return;
      waited += 1;
      const { id } = (news.find(({ stage }) => stage === 'ready') as { run: { id: string } }).run;
      void (async () => {
        const { file, step } = valueOf(await handlers.exportRun({ id, what: 'run' }, quiet));
        expect(step).toBe(8);
        exported = file;
        if (waited === 2) failing.clear();
        await handlers.steer({ pause: true }, quiet);
      })();
    };
    const { how, run } = valueOf(await handlers.train(newRun(), context()));
    expect([how, run.step, waited]).toEqual(['finished', 8, 2]);
    onNews = () => undefined;
    const file: Blob = exported ?? new Blob();
    // Whatever the person calls it.
    expect(kindOfArchive(new Uint8Array(await file.slice(0, archiveHeadBytes).arrayBuffer()))).toBe('run');
    const taken = valueOf(await handlers.importRun({ file }, quiet));
    expect([taken.step, taken.title]).toEqual([8, 'Tiny']);
    const stateOf = async (id: string) =>
      await valueOf(await handlers.exportRun({ id, what: 'teacher' }, quiet)).file.arrayBuffer();
    expect(new Uint8Array(await stateOf(taken.id))).toEqual(new Uint8Array(await stateOf(run.id)));
  });

  test('a run that cannot be saved can be given up; the save before stays', async () => {
    failSaves().add(5);
    onNews = (progress) => {
      if (progress.stage === 'unsaved' && progress.waits) void handlers.steer({ discard: true }, quiet);
    };
    const before = tf.memory().numTensors;
    expect(await handlers.train(newRun(), context())).toEqual(fail(full));
    expect(tf.memory().numTensors).toBe(before);
    expect(valueOf(await handlers.listRuns({}, quiet)).runs).toMatchObject([{ step: 6 }]);
  });

  test('a run of another version is listed, and nobody deletes it', async () => {
    const { run } = valueOf(await handlers.train(newRun({ steps: 1 }), context()));
    for (const slot of [0, 1]) {
      const text = (await (await folders.read(run.id, `${slot}-run.json`))?.text()) ?? '';
      const file = await folders.open(run.id, `${slot}-run.json`);
      file.truncate(0);
      file.write(new TextEncoder().encode(text.replace('"version":1', '"version":9')), 0);
    }
    const unreadable = [{ id: run.id, title: 'Tiny' }];
    for (let visit = 0; visit < 2; visit++)
      expect(valueOf(await handlers.listRuns({}, quiet))).toMatchObject({ runs: [], unreadable });
    expect(valueOf(await handlers.deleteRun({ id: run.id }, quiet)).unreadable).toEqual([]);
  });
});

describe('what is taken away', () => {
  test('networks by the official names, the numbers, and the whole run to go on with elsewhere', async () => {
    valueOf(await handlers.train(newRun(), context()));
    const expected = losses();
    news = [];
    pauseAfter(4);
    const { run } = valueOf(await handlers.train(newRun(), context()));
    onNews = () => undefined;
    const exported = async (what: TrainingContract['exportRun']['request']['what']) =>
      valueOf(await handlers.exportRun({ id: run.id, what }, quiet)).file;
    const [teacher, student] = [
      valueOf(await openCheckpoint(await exported('teacher'))),
      valueOf(await openCheckpoint(await exported('student'))),
    ];
    expect(teacher.architecture).toEqual(tinyArchitecture);
    expect(student.parameters).not.toEqual(teacher.parameters);
    const log = (await (await exported('log')).text()).trim().split('\n');
    expect(log.map((text) => (JSON.parse(text) as { loss: number }).loss)).toEqual(expected.slice(0, 4));

    const file = await exported('run');
    valueOf(await handlers.deleteRun({ id: run.id }, quiet));
    const taken = valueOf(await handlers.importRun({ file }, quiet));
    expect(taken).toMatchObject({ title: 'Tiny', step: 4 });
    valueOf(await handlers.train({ kind: 'resume', id: taken.id, crops: false }, context()));
    expect(losses()).toEqual(expected);
  });

  test('what a run from scratch began with is its student as long as nothing is learned', async () => {
    const still = newRun({ learningRate: 0, learningRateEnd: 0, steps: 2 });
    const { run } = valueOf(await handlers.train(still, context()));
    const bytesOf = async (what: 'start' | 'student' | 'teacher') =>
      new Uint8Array(await valueOf(await handlers.exportRun({ id: run.id, what }, quiet)).file.arrayBuffer());
    const start = await bytesOf('start');
    expect(start).toEqual(await bytesOf('student'));
    const { run: learned } = valueOf(await handlers.train(newRun({ steps: 2 }), context()));
    const student = valueOf(await handlers.exportRun({ id: learned.id, what: 'student' }, quiet));
    expect(new Uint8Array(await student.file.arrayBuffer())).not.toEqual(start);
  });

  test('an export and an import say how far they are; cancelled, they leave nothing', async () => {
    const { run } = valueOf(await handlers.train(newRun({ steps: 1 }), context()));
    const told: TransferProgress[] = [];
    const listening = { ...quiet, onProgress: (progress: TransferProgress) => told.push(progress) };
    const { file } = valueOf(await handlers.exportRun({ id: run.id, what: 'run' }, listening));
    expect(told.length).toBeGreaterThan(1);
    expect(told.at(-1)?.doneBytes).toBe(told.at(-1)?.totalBytes);
    const ended = () => {
      const controller = new AbortController();
      return { signal: controller.signal, onProgress: () => controller.abort() };
    };
    const cancelled = fail({ code: 'cancelled' });
    expect(await handlers.exportRun({ id: run.id, what: 'run' }, ended())).toEqual(cancelled);
    expect(await handlers.importRun({ file }, ended())).toEqual(cancelled);
    // Just before it would be taken in, and while it is.
    for (const wait of [0, 1, 2]) {
      const controller = new AbortController();
      const { open } = folders;
      let opened = 0;
      vi.spyOn(folders, 'open').mockImplementation(async (...args) => {
        opened += 1;
        if (opened > wait) controller.abort();
        return open.apply(folders, args);
      });
      const outcome = await handlers.importRun({ file }, { ...quiet, signal: controller.signal });
      vi.restoreAllMocks();
      expect(outcome).toEqual(cancelled);
    }
    expect(await folders.list()).toEqual([run.id]);
    expect(valueOf(await handlers.importRun({ file }, listening)).step).toBe(1);
    expect(told.at(-1)?.totalBytes).toBe(file.size);
  });

  test('an archive with one wrong byte is refused, wherever it lies, and nothing is taken in', async () => {
    const { run } = valueOf(await handlers.train(newRun({ steps: 1 }), context()));
    const { file } = valueOf(await handlers.exportRun({ id: run.id, what: 'run' }, quiet));
    const bytes = new Uint8Array(await file.arrayBuffer());
    for (const share of [0.001, 0.1, 0.5, 0.8, 0.97]) {
      const damaged = bytes.slice();
      const at = Math.floor(share * bytes.length);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      const outcome = await handlers.importRun({ file: new Blob([damaged]) }, quiet);
      expect(outcome, `byte ${at}`).toMatchObject({ ok: false, error: { code: 'run-file-invalid' } });
    }
    expect(valueOf(await handlers.listRuns({}, quiet)).runs).toHaveLength(1);
  });
});

test('a plan tells the memory, and what does not fit the network', async () => {
  const { configuration } = newRun();
  const plan = valueOf(await handlers.planTraining({ model: 'current', configuration }, quiet));
  expect(plan.problems).toEqual([]);
  expect(plan.totalBytes).toBe(plan.parameterBytes + plan.activationBytes);
  const odd = { ...configuration, globalCropPx: 18, frozenBlocks: 3 };
  const { problems } = valueOf(
    await handlers.planTraining({ model: tinyArchitecture, configuration: odd }, quiet),
  );
  expect(problems.join('; ')).toMatch(
    /18 px are not made of whole patches of 4 px; 3 blocks cannot be frozen/,
  );
  const dinov2 = { ...tinyArchitecture, numRegisters: 4 };
  expect(valueOf(await handlers.planTraining({ model: dinov2, configuration }, quiet)).problems[0]).toContain(
    'DINOv2',
  );
});
