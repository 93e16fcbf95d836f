import { describe, expect, test, vi } from 'vitest';
import type { Failure } from '../../core/failure.ts';
import { officialConfiguration } from '../../core/hyper-parameters.ts';
import { fail, type Result, succeed } from '../../core/result.ts';
import type { StepReport } from '../../core/training.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { StoredRun, TrainingProgress, TransferProgress } from '../../rpc/training-contract.ts';
import type { NewDroppedModel } from '../models/dropped-models.ts';
import type { ModelLibrary } from '../models/model-library.ts';
import { createAppStore } from '../state/app-store.ts';
import type { ModelChoice } from '../state/model-choice.ts';
import type { UsedModel } from '../state/model-in-use.ts';
import { parseSettings } from '../state/settings.ts';
import { createTrainingSession } from './training-session.ts';
import { curveOf, everyStep } from './figure-curves.ts';
import { ReportLog } from './report-log.ts';
import { createTrainingStore, type FigureTraining } from './training-state.ts';

// Node 20 has no navigator. The session uses it only to ask for persistent storage.
vi.stubGlobal('navigator', {});

type Outcome = Result<unknown, Failure>;

interface OpenCall {
  readonly method: string;
  readonly request: unknown;
  answer(outcome: Outcome): void;
  readonly signal: AbortSignal | undefined;
  tell(progress: TrainingProgress | TransferProgress): void;
}

interface CallOptions {
  readonly signal?: AbortSignal;
  onProgress?(progress: TrainingProgress | TransferProgress): void;
}

const stored = (step: number): StoredRun => ({
  id: 'run-1',
  title: 'Collapse in a minute',
  modelTitle: 'from scratch',
  configuration: { ...officialConfiguration, steps: 20, outputDim: 256 },
  step,
  photographs: ['a.jpg'],
  pinned: 0,
  intervals: { saveEvery: 25, mapsEvery: 5 },
  switches: [{ step: 1, centring: true, sharpening: true }],
  startedAt: '2026-11-23T08:00:00.000Z',
  savedAt: '2026-11-23T09:00:00.000Z',
  byteLength: 100,
});

const ready = (step: number): TrainingProgress => ({
  stage: 'ready',
  kernelCheck: { kernels: 'ours', maxRelativeDifference: 1e-6 },
  run: stored(step),
  isKept: true,
  pinned: {
    size: { height: 1, width: 1 },
    pixels: new Uint8ClampedArray(3),
    box: { top: 0, left: 0, height: 1, width: 1 },
    inputSizePx: { height: 8, width: 8 },
    rows: 1,
    columns: 1,
    numHeads: 1,
  },
  reports: [],
  snapshots: [],
});

const stepAt = (step: number, teacherEntropy = 3, kl = 1): TrainingProgress => ({
  stage: 'step',
  memoryBytes: 1000,
  report: { step, loss: teacherEntropy + kl, teacherEntropy, kl, stepMs: 10 } as StepReport,
});

function setUp() {
  const calls: OpenCall[] = [];
  const call = (method: string, request: unknown, options: CallOptions = {}) =>
    new Promise<Outcome>((answer) => {
      const { signal, onProgress } = options;
      calls.push({ method, request, answer, signal, tell: (progress) => onProgress?.(progress) });
    });
  const client = { call } as unknown as EngineClient;
  const app = createAppStore(parseSettings(null), { shape: 'photograph', sidePx: 64 });
  const dropped: NewDroppedModel[] = [];
  const library = {
    addDropped: (models: readonly NewDroppedModel[]) => dropped.push(...models),
  } as unknown as ModelLibrary;
  const session = createTrainingSession(client, app, library, createTrainingStore());
  app.getState().addPhotos(
    ['a.jpg', 'b.jpg', 'c.jpg'].map((name) => ({ name, alt: null, credit: null, blob: new Blob([name]) })),
    true,
  );
  const announced: string[] = [];
  app.subscribe(({ announcement }, before) => {
    if (announcement !== before.announcement) announced.push(announcement.text);
  });
  const last = (method: string): OpenCall => {
    const found = calls.findLast((each) => each.method === method);
    if (found === undefined) throw new Error(`nobody asked for ${method}`);
    return found;
  };
  return { app, session, library, calls, last, dropped, announced, run: () => session.store.getState().run };
}

describe('a run', () => {
  test('begins with the photographs that are chosen, the pinned one among them', async () => {
    const { app, session, last } = setUp();
    const [first = '', , third = ''] = app.getState().order;
    session.include(first, false);
    session.pin(third);
    void session.start();
    expect(last('train').request).toMatchObject({
      kind: 'new',
      title: 'Collapse in a minute',
      pinned: 1,
      photographs: [{ name: 'b.jpg' }, { name: 'c.jpg' }],
    });
    // A second start is ignored: one run at a time.
    void session.start();
    expect(session.store.getState().run?.state.status).toBe('preparing');
  });

  test('takes the folder that a photograph came in for its class', () => {
    const { app, session, last } = setUp();
    const blob = Object.assign(new File(['d'], 'd.jpg'), { path: './mugs/d.jpg' });
    app.getState().addPhotos([{ name: 'd.jpg', alt: null, credit: null, blob }], false);
    // What a person has given it in a collection goes before the folder.
    app.getState().addPhotos([{ name: 'd.jpg', alt: null, credit: null, blob, className: 'cups' }], false);
    void session.start();
    const { photographs } = last('train').request as { photographs: { className: string | null }[] };
    expect(photographs.map(({ className }) => className)).toEqual([null, null, null, 'mugs', 'cups']);
  });

  test('that adapts a model is called by the model, whatever the preset was made for', () => {
    const { app, session, last } = setUp();
    app.setState({
      models: { used: { description: { title: 'DINOscope nano/8' } }, next: null, remembered: null } as never,
    });
    session.choosePreset('adapt-vit-s16');
    void session.start();
    expect(last('train').request).toMatchObject({ title: 'Adapt DINOscope nano/8', model: 'current' });
  });

  test('that could not be saved at its end is not at rest: it is saved again or discarded', async () => {
    const { session, last, calls, run } = setUp();
    void session.start();
    last('train').tell(ready(0));
    const failure = { code: 'storage-full', neededBytes: null, freeBytes: null } as const;
    last('train').tell({ stage: 'unsaved', failure, waits: true });
    await vi.waitFor(() => expect(run()?.state.status).toBe('unsaved'));
    // No other run may start meanwhile.
    void session.start();
    expect(calls.filter(({ method }) => method === 'train')).toHaveLength(1);
    session.pause();
    expect(last('steer').request).toEqual({ pause: true });
    session.discard();
    expect(last('steer').request).toEqual({ discard: true });
  });

  test('shows what it is told, and rests where it was paused', async () => {
    const { session, last, run, calls } = setUp();
    const started = session.start();
    last('train').tell(ready(0));
    for (const step of [1, 2, 3]) last('train').tell(stepAt(step));
    await vi.waitFor(() => expect(run()?.reports).toHaveLength(3));
    expect(run()?.state.status).toBe('running');
    session.pause();
    expect(run()?.state.status).toBe('pausing');
    expect(last('steer').request).toEqual({ pause: true });
    last('train').answer(succeed({ how: 'paused', run: stored(3) }));
    await vi.waitFor(() => expect(run()?.state.status).toBe('paused'));
    last('listRuns').answer(succeed({ runs: [stored(3)], unreadable: [], notKept: null }));
    await started;
    expect(session.store.getState().list?.runs).toHaveLength(1);
    void session.resume(stored(3));
    expect(calls.filter(({ method }) => method === 'train').at(-1)?.request).toMatchObject({
      kind: 'resume',
      id: 'run-1',
    });
    // The curves stay until the run is ready again.
    expect(run()?.reports).toHaveLength(3);
  });

  test('that starts again is paused and kept first, and begins with the setup’s numbers', async () => {
    const { session, last, calls, run } = setUp();
    void session.start();
    expect(run()?.isFromSetup).toBe(true);
    last('train').tell(ready(0));
    last('train').tell(stepAt(1));
    await vi.waitFor(() => expect(run()?.reports).toHaveLength(1));
    session.setSwitches({ centring: false });
    session.startAgain();
    expect(last('steer').request).toEqual({ pause: true });
    last('train').answer(succeed({ how: 'paused', run: stored(1) }));
    // The curves stay until the new run begins.
    await vi.waitFor(() => expect(run()?.state.status).toBe('paused'));
    expect(run()?.reports).toHaveLength(1);
    last('listRuns').answer(succeed({ runs: [stored(1)], unreadable: [], notKept: null }));
    await vi.waitFor(() => expect(calls.filter(({ method }) => method === 'train')).toHaveLength(2));
    expect(last('train').request).toMatchObject({ kind: 'new', configuration: { centring: true } });
    expect(run()).toMatchObject({ reports: { length: 0 }, wanted: { centring: true } });
  });

  test('that was kept starts again as it began, whatever the setup says', async () => {
    const { session, last, calls, run } = setUp();
    const kept: StoredRun = {
      ...stored(5),
      configuration: { ...stored(5).configuration, centring: false },
      switches: [
        { step: 1, centring: true, sharpening: true },
        { step: 3, centring: false, sharpening: true },
      ],
    };
    void session.resume(kept);
    last('train').tell(ready(5));
    last('train').answer(succeed({ how: 'paused', run: kept }));
    await vi.waitFor(() => expect(run()?.state.status).toBe('paused'));
    session.startAgain();
    expect(calls.filter(({ method }) => method === 'train')).toHaveLength(2);
    expect(last('train').request).toEqual({ kind: 'again', id: 'run-1', crops: false });
    expect(run()).toMatchObject({ saved: null, wanted: { centring: true }, reports: { length: 0 } });
  });

  test('that is cancelled while it is prepared goes out of sight', async () => {
    const { session, last, run } = setUp();
    const started = session.start();
    session.cancel();
    last('train').answer(fail({ code: 'cancelled' }));
    await vi.waitFor(() => expect(run()).toBeNull());
    last('listRuns').answer(succeed({ runs: [], unreadable: [], notKept: null }));
    await started;
  });

  test('that the engine is lost over says so, and can go on from its last save', async () => {
    const { session, last, run } = setUp();
    void session.start();
    last('train').tell(ready(0));
    last('train').tell({ stage: 'saved', run: stored(5) });
    await vi.waitFor(() => expect(run()?.saved?.step).toBe(5));
    last('train').answer(fail({ code: 'device-lost', message: '' }));
    await vi.waitFor(() =>
      expect(run()?.state).toEqual({ status: 'failed', failure: { code: 'device-lost', message: '' } }),
    );
    expect(run()?.saved?.step).toBe(5);
  });

  test('that another start of the engine ended is paused, not failed', async () => {
    const { session, last, run } = setUp();
    void session.start();
    last('train').tell({ stage: 'saved', run: stored(5) });
    last('train').answer(fail({ code: 'cancelled' }));
    await vi.waitFor(() => expect(run()?.state.status).toBe('paused'));
  });
});

describe('the experiment', () => {
  const photographs = [{ name: 'a.jpg', blob: new Blob(['a']) }];
  const figureOf = ({ session }: ReturnType<typeof setUp>) => session.store.getState().figure;

  test('trains three times, one after the other, and leaves no run behind', async () => {
    const page = setUp();
    const { session, calls, last } = page;
    const drawn = session.drawFigure(photographs, 'On one photograph', { steps: 50 });
    // One at a time: neither a run nor another experiment begins meanwhile.
    void session.start();
    void session.drawFigure(photographs, 'again');
    const trained = () => calls.filter(({ method }) => method === 'train');
    for (const [at, switches] of [
      { centring: true, sharpening: true },
      { centring: false, sharpening: true },
      { centring: true, sharpening: false },
    ].entries()) {
      await vi.waitFor(() => expect(trained()).toHaveLength(at + 1));
      expect(last('train').request).toMatchObject({ kind: 'new', configuration: { ...switches, steps: 50 } });
      last('train').tell(ready(0));
      last('train').tell(stepAt(1, 3 - at));
      last('train').answer(succeed({ how: 'finished', run: stored(1) }));
      await vi.waitFor(() =>
        expect(calls.filter(({ method }) => method === 'deleteRun')).toHaveLength(at + 1),
      );
      expect(last('deleteRun').request).toEqual({ id: 'run-1' });
      last('deleteRun').answer(succeed({ runs: [], unreadable: [], notKept: null }));
    }
    await vi.waitFor(() => expect(figureOf(page)?.status).toBe('done'));
    const { trainings = [] } = figureOf(page) ?? {};
    expect(trainings.map(({ label, reports }) => [label, reports.last?.teacherEntropy])).toEqual([
      ['Centring and sharpening', 3],
      ['No centring', 2],
      ['No sharpening', 1],
    ]);
    last('listRuns').answer(succeed({ runs: [], unreadable: [], notKept: null }));
    await drawn;
  });

  test('that is cancelled keeps what it has drawn; that fails says why', async () => {
    const cancelled = setUp();
    void cancelled.session.drawFigure(photographs, '');
    cancelled.last('train').tell(stepAt(1));
    cancelled.session.cancelFigure();
    expect(cancelled.last('train').signal?.aborted).toBe(true);
    cancelled.last('train').answer(fail({ code: 'cancelled' }));
    await vi.waitFor(() => expect(figureOf(cancelled)?.status).toBe('cancelled'));
    expect(figureOf(cancelled)?.trainings[0]?.reports).toHaveLength(1);

    const failed = setUp();
    void failed.session.drawFigure(photographs, '');
    failed.last('train').answer(fail({ code: 'training-diverged', step: 3 }));
    await vi.waitFor(() => expect(figureOf(failed)?.status).toBe('failed'));
    expect(figureOf(failed)?.failure).toEqual({ code: 'training-diverged', step: 3 });
    failed.session.closeFigure();
    expect(figureOf(failed)).toBeNull();
  });

  test('the curves of kept runs are drawn over each other', async () => {
    const page = setUp();
    void page.session.overlayRuns([stored(2)]);
    const lines = [1, 2].map((step) => JSON.stringify({ step, teacherEntropy: 2, kl: 1, loss: 3 }));
    expect(page.last('exportRun').request).toEqual({ id: 'run-1', what: 'log' });
    page.last('exportRun').answer(succeed({ file: new Blob([`${lines.join('\n')}\n`]), step: 2 }));
    await vi.waitFor(() => expect(figureOf(page)?.trainings[0]?.reports).toHaveLength(2));
    expect(figureOf(page)?.trainings[0]?.label).toMatch(/^Collapse in a minute, /);
  });

  test('kept runs of one title and minute are told apart, and the table has every step of a long run', async () => {
    const page = setUp();
    const at = (id: string, seconds: string): StoredRun => ({
      ...stored(2),
      id,
      startedAt: `2026-11-23T08:00:${seconds}.000Z`,
      configuration: { ...stored(2).configuration, steps: 3000 },
    });
    const overlaid = page.session.overlayRuns([at('a', '01'), at('b', '02'), at('c', '02')]);
    const steps = Array.from({ length: 2500 }, (_, i) => i + 1);
    const log = steps.map((step) =>
      JSON.stringify({ step, teacherEntropy: Math.sin(step), kl: Math.cos(step), loss: 3 }),
    );
    for (const count of [1, 2, 3]) {
      await vi.waitFor(() =>
        expect(page.calls.filter(({ method }) => method === 'exportRun')).toHaveLength(count),
      );
      page.last('exportRun').answer(succeed({ file: new Blob([log.join('\n')]), step: 2500 }));
    }
    await overlaid;
    const trainings = figureOf(page)?.trainings ?? [];
    const labels = trainings.map(({ label }) => label);
    expect(new Set(labels).size).toBe(3);
    expect(labels.slice(1).map((label) => label.slice(-4))).toEqual([' (1)', ' (2)']);
    const curve = everyStep(trainings[0] as FigureTraining);
    expect(curve.steps).toEqual(steps);
    expect(curve.kls[1234]).toBe(Math.cos(1235));
  });

  test('the drawing of a long run has fewer points, keeps each peak, and its thick line is the mean of eleven steps', () => {
    const [length, entropyPeak, klPeak] = [30_000, 12_345, 23_456];
    const reports = ReportLog.of(
      Array.from({ length }, (_, i) => {
        const step = i + 1;
        const [teacherEntropy, kl] = [step === entropyPeak ? 12 : 1, step === klPeak ? 23 : 1];
        return { step, teacherEntropy, kl } as StepReport;
      }),
      length,
    );
    const { steps, entropies, kls, means } = curveOf('A long run', reports, 64);
    expect(steps.length).toBeLessThan(5000);
    const [entropyAt, klAt] = [steps.indexOf(entropyPeak), steps.indexOf(klPeak)];
    expect([entropies[entropyAt], kls[klAt]]).toEqual([12, 23]);
    // (12 + 10) / 11 and (23 + 10) / 11
    expect([means?.entropies[entropyAt], means?.kls[klAt]]).toEqual([2, 3]);
  });
});

test('a screen reader hears the beginning, every tenth, a collapse once, and the end', async () => {
  const { session, last, announced, run } = setUp();
  void session.start();
  const train = last('train');
  train.tell(ready(0));
  for (let step = 1; step <= 20; step++) train.tell(step <= 8 ? stepAt(step) : stepAt(step, 0.001, 0.001));
  await vi.waitFor(() => expect(run()?.reports).toHaveLength(20));
  train.answer(succeed({ how: 'finished', run: stored(20) }));
  await vi.waitFor(() => expect(run()?.state.status).toBe('finished'));
  expect(announced.filter((text) => text.startsWith('Training has begun'))).toHaveLength(1);
  // The window of ten steps is full of collapsed steps at step 18, however many steps arrive at once.
  expect(announced.filter((text) => text.includes('collapsed'))).toEqual(['Step 18: the run has collapsed.']);
  const tenths = announced.flatMap((text) => /^Step (\d+) of 20, loss \d/.exec(text)?.[1] ?? []);
  expect(tenths).toEqual(['2', '4', '6', '8', '10', '12', '14', '16', '18']);
  expect(announced.at(-1)).toBe('Training has ended after 20 steps.');
});

test('the trained teacher is given to the models under a name that says what it is', async () => {
  const { session, last, dropped } = setUp();
  const used = session.use(stored(12));
  expect(last('exportRun').request).toEqual({ id: 'run-1', what: 'teacher' });
  last('exportRun').answer(succeed({ file: new Blob(['x']), step: 12 }));
  await used;
  expect(dropped).toMatchObject([{ title: 'Collapse in a minute · step 12', kind: 'checkpoint' }]);
  expect([...(dropped[0]?.files.keys() ?? [])]).toEqual(['collapse-in-a-minute-step-12.safetensors']);
});

describe('networks of a run beside each other', () => {
  /** @returns what was done to the models, in order */
  const withModels = (titles: readonly string[]) => {
    const page = setUp();
    const did: string[] = [];
    Object.assign(page.library, {
      list: ({ of, version }: { of: string; version: string }, { title }: NewDroppedModel) => {
        did.push(`list ${title}`);
        return { kind: 'dropped', id: `${of}, ${version}` };
      },
      refresh: async () =>
        page.app
          .getState()
          .changeLibrary({ served: titles.map((title) => ({ id: title, title, byteLength: null })) }),
      use: async (choice: ModelChoice) => {
        did.push(`use ${choice.id}`);
        page.app.getState().setUsedModel({ choice } as UsedModel);
      },
      compare: async ({ id }: ModelChoice) => void did.push(`compare ${id}`),
    });
    let answered = 0;
    const answer = async (step: number): Promise<void> => {
      answered += 1;
      await vi.waitFor(() =>
        expect(page.calls.filter(({ method }) => method === 'exportRun')).toHaveLength(answered),
      );
      page.last('exportRun').answer(succeed({ file: new Blob(['x']), step }));
    };
    page.app.getState().setScreen('training');
    return { ...page, did, answer };
  };

  test('one is compared with the model in use', async () => {
    const { session, did, answer, last } = withModels([]);
    const compared = session.compareNetwork(stored(12), 'student');
    await answer(14);
    await compared;
    expect(last('exportRun').request).toEqual({ id: 'run-1', what: 'student' });
    expect(did).toEqual(['list Student of Collapse in a minute, step 14', 'compare run-1 student, step 14']);
  });

  test('teacher and student: the viewer opens with both', async () => {
    const { app, session, did, answer } = withModels([]);
    const compared = session.compareTeacherAndStudent(stored(12));
    await answer(12);
    await answer(12);
    await compared;
    expect(did.slice(2)).toEqual(['use run-1 teacher, step 12', 'compare run-1 student, step 12']);
    expect(app.getState().screen).toBe('viewer');
  });

  test('before and after: from scratch what the seed drew, else the model of that name', async () => {
    const scratch = withModels([]);
    const first = scratch.session.compareWithStart(stored(12));
    await scratch.answer(12);
    await scratch.answer(12);
    await first;
    expect(scratch.did).toEqual([
      'list Beginning of Collapse in a minute',
      'list Teacher of Collapse in a minute, step 12',
      'use run-1 start, step 0',
      'compare run-1 teacher, step 12',
    ]);
    const adapted = withModels(['mini', 'other']);
    const second = adapted.session.compareWithStart({ ...stored(12), modelTitle: 'other' });
    await adapted.answer(12);
    await second;
    expect(adapted.did.slice(1)).toEqual(['use other', 'compare run-1 teacher, step 12']);
  });

  test('what a run began with may be gone: the page says so and stays', async () => {
    const { app, session, did } = withModels(['mini']);
    await session.compareWithStart({ ...stored(12), modelTitle: 'other' });
    expect(did).toEqual([]);
    expect(app.getState().screen).toBe('training');
    expect(app.getState().messages.map(({ text }) => text)).toEqual([
      'Collapse in a minute began with other, which is not among the models now. Add or download it first.',
    ]);
  });
});

test('a run on its way into a file says how far it is, is alone, and can be cancelled', async () => {
  const { app, session, calls, last, dropped, announced } = setUp();
  const transfer = () => session.store.getState().transfer;
  const used = session.use(stored(12));
  expect(transfer()).toEqual({ words: 'Getting Collapse in a minute ready', progress: null });
  last('exportRun').tell({ doneBytes: 5, totalBytes: 20 });
  expect(transfer()?.progress).toEqual({ doneBytes: 5, totalBytes: 20 });
  await session.save(stored(12), 'run');
  expect(calls.filter(({ method }) => method === 'exportRun')).toHaveLength(1);
  expect(app.getState().messages.at(-1)?.text).toContain('Another run is on its way');
  const messages = app.getState().messages.length;
  session.cancelTransfer();
  expect(last('exportRun').signal?.aborted).toBe(true);
  last('exportRun').answer(fail({ code: 'cancelled' }));
  await used;
  expect(transfer()).toBeNull();
  expect(dropped).toEqual([]);
  expect(announced.at(-1)).toBe('Cancelled.');
  expect(app.getState().messages).toHaveLength(messages);

  // Files after a cancelled one are not imported.
  const taken = session.importRuns([new Blob(['a']), new Blob(['b'])]);
  session.cancelTransfer();
  last('importRun').answer(fail({ code: 'cancelled' }));
  await vi.waitFor(() => expect(last('listRuns')).toBeDefined());
  last('listRuns').answer(succeed({ runs: [], unreadable: [], notKept: null }));
  await taken;
  expect(calls.filter(({ method }) => method === 'importRun')).toHaveLength(1);
});

test('runs that were in a lost worker’s memory are not listed any more; those in files are', async () => {
  const { session, last } = setUp();
  for (const isKept of [true, false]) {
    const looked = session.refresh();
    last('listRuns').answer(
      succeed({ runs: [stored(3)], unreadable: [], notKept: isKept ? null : 'refused' }),
    );
    await looked;
    const lookedAgain = session.refresh();
    last('listRuns').answer(fail({ code: 'worker-crashed', message: '' }));
    await lookedAgain;
    const { list, listFailure } = session.store.getState();
    expect(list?.runs.length ?? 0).toBe(isKept ? 1 : 0);
    expect(listFailure?.code).toBe('worker-crashed');
  }
});

test('a plan that is overtaken by another one is forgotten', async () => {
  const { app, session, calls } = setUp();
  app.setState({ engine: { status: 'ready' } as never });
  const first = session.plan();
  session.changeConfiguration({ outputDim: 64 });
  const second = session.plan();
  const [early, late] = calls.filter(({ method }) => method === 'planTraining');
  const plan = (totalBytes: number) =>
    succeed({ parameterBytes: 1, activationBytes: 1, totalBytes, problems: [] });
  late?.answer(plan(2));
  early?.answer(plan(1));
  await Promise.all([first, second]);
  expect(session.store.getState().plan).toMatchObject({ status: 'known', plan: { totalBytes: 2 } });
  session.changeConfiguration({ outputDim: NaN });
  await session.plan();
  expect(session.store.getState().plan).toEqual({ status: 'unknown' });
});
