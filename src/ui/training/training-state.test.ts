import { describe, expect, test } from 'vitest';
import type { Failure } from '../../core/failure.ts';
import { officialConfiguration } from '../../core/hyper-parameters.ts';
import type { StepReport } from '../../core/training.ts';
import type { StoredRun, TrainingProgress } from '../../rpc/training-contract.ts';
import { newRunView, type RunView, stepOf, verdictOf, withProgress } from './training-state.ts';

const configuration = { ...officialConfiguration, steps: 100, outputDim: 256 };

const begun = (): RunView =>
  newRunView({
    title: 'A run',
    modelTitle: null,
    configuration,
    photographs: ['a.jpg'],
  });

const ready: TrainingProgress = {
  stage: 'ready',
  kernelCheck: { kernels: 'ours', maxRelativeDifference: 0 },
  run: {
    title: 'A run',
    modelTitle: 'from scratch',
    configuration,
    photographs: ['a.jpg'],
    switches: [{ step: 1, centring: true, sharpening: true }],
  } as unknown as StoredRun,
  isKept: true,
  pinned: {} as never,
  reports: [],
  snapshots: [],
};

const healthySteps = (count: number): TrainingProgress[] =>
  Array.from({ length: count }, (_, i) => ({
    stage: 'step',
    memoryBytes: 1,
    report: { step: i + 1, loss: 4 - i / 50, teacherEntropy: 3, kl: 1 - i / 50 } as StepReport,
  }));

test('a switch that was thrown while the run was being prepared is shown as the run has taken it', () => {
  const thrown = { ...begun(), wanted: { centring: false, sharpening: true } };
  const mark = { step: 1, centring: false, sharpening: true };
  const run = [ready, { stage: 'switched', mark } as const].reduce(withProgress, thrown);
  expect(run.wanted).toEqual({ centring: false, sharpening: true });
  expect(run.switches.at(-1)).toEqual(mark);
});

test('a pause that somebody asks for stays one, whatever comes late', () => {
  const pausing: RunView = { ...begun(), state: { status: 'pausing' } };
  const late: readonly TrainingProgress[] = [
    { stage: 'photographs', done: 1, total: 2 },
    { stage: 'model' },
    { stage: 'check' },
    ready,
  ];
  for (const progress of late) expect(withProgress(pausing, progress).state).toEqual({ status: 'pausing' });
  expect(withProgress(begun(), { stage: 'model' }).state).toMatchObject({ status: 'preparing' });
});

test('a kept run that another tab has opened stands at its own step, also before it goes on', () => {
  const saved = { step: 40 } as StoredRun;
  expect(stepOf(begun())).toBe(0);
  expect(stepOf({ ...begun(), saved })).toBe(40);
  const goesOn = [ready, ...healthySteps(50)].reduce(withProgress, { ...begun(), saved });
  expect(stepOf(goesOn)).toBe(50);
});

describe('the verdict on a run', () => {
  const stoppedBy = (failure: Failure): RunView => ({
    ...[ready, ...healthySteps(30)].reduce(withProgress, begun()),
    state: { status: 'failed', failure },
  });

  test('that has diverged says so, whatever its curves said until then', () => {
    expect(verdictOf(stoppedBy({ code: 'device-lost', message: '' }))?.kind).toBe('learning');
    expect(verdictOf(stoppedBy({ code: 'training-diverged', step: 31 }))?.kind).toBe('diverged');
  });

  test('that goes on waits for its curves: it has more steps than the page has seen', () => {
    expect(verdictOf(begun())?.kind).toBe('too-early');
    const goesOn = { ...begun(), saved: { step: 40 } as StoredRun };
    expect(verdictOf(goesOn)).toBeNull();
    expect(verdictOf({ ...goesOn, state: { status: 'failed', failure: { code: 'run-busy' } } })).toBeNull();
    expect(verdictOf(healthySteps(50).reduce(withProgress, goesOn))?.kind).toBe('learning');
  });
});
