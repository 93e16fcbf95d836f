import { describe, expect, test } from 'vitest';
import type { StepReport } from '../../core/training.ts';
import { ReportLog } from './report-log.ts';

const names = ['loss', 'teacherEntropy', 'kl', 'centreNorm', 'gradientNorm', 'learningRate'] as const;

const reportAt = (step: number, loss = Math.sin(step)): StepReport => ({
  step,
  loss,
  teacherEntropy: step,
  kl: -step,
  centreNorm: 1,
  gradientNorm: 1,
  learningRate: 1,
  weightDecay: 1,
  teacherMomentum: 1,
  teacherTemperature: 1,
  stepMs: 1,
});

const logOf = (steps: number, lossOf?: (step: number) => number): ReportLog =>
  ReportLog.of(
    Array.from({ length: steps }, (_, i) => reportAt(i + 1, lossOf?.(i + 1))),
    steps,
  );

describe('a log', () => {
  test('grows without changing the one that it came from', () => {
    const short = logOf(3);
    const long = short.with(reportAt(4));
    expect([short.length, long.length]).toEqual([3, 4]);
    expect([short.first?.step, short.last?.step, long.last?.step]).toEqual([1, 3, 4]);
    expect(short.tail(2).map(({ step }) => step)).toEqual([2, 3]);
    expect(long.tail(99).map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    const other = short.with(reportAt(4, 7));
    expect([long.last?.loss, other.last?.loss]).toEqual([Math.sin(4), 7]);
    expect([other.curve('loss').values.at(-1), long.curve('loss').values.at(-1)]).toEqual([7, Math.sin(4)]);
  });

  test('that is empty has nothing', () => {
    const empty = logOf(0);
    expect([empty.length, empty.first, empty.last, empty.tail(5)]).toEqual([0, undefined, undefined, []]);
    expect(empty.curve('kl')).toEqual({ steps: [], values: [] });
  });

  test('looks at no report a second time, however long it is', () => {
    let reads = 0;
    const counting = (step: number): StepReport =>
      new Proxy(reportAt(step), {
        get: (report, name) => {
          reads += 1;
          return report[name as keyof StepReport];
        },
      });
    let log = ReportLog.of([], 1000);
    const readsAt = (step: number): number => {
      reads = 0;
      log = log.with(counting(step));
      for (const name of names) log.curve(name);
      return reads;
    };
    const first = readsAt(1);
    for (let step = 2; step < 1000; step++) readsAt(step);
    expect(readsAt(1000)).toBe(first);
  });
});

describe('its curves', () => {
  test('of a short run are every step', () => {
    const { steps, values } = logOf(600).curve('loss');
    expect(steps).toEqual(Array.from({ length: 600 }, (_, i) => i + 1));
    expect(values).toEqual(steps.map(Math.sin));
  });

  test('of a long run are as many points as a picture can show, with every peak and the last step', () => {
    const count = 100_000;
    const peaks = new Map([
      [12_345, 40],
      [54_321, -40],
      [99_998, 30],
    ]);
    const { steps, values } = logOf(count, (step) => peaks.get(step) ?? Math.sin(step)).curve('loss');
    expect(steps.length).toBe(values.length);
    expect(steps.length).toBeLessThanOrEqual(2400);
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
    for (const [step, value] of peaks) expect(values[steps.indexOf(step)]).toBe(value);
    expect([steps[0], steps.at(-1)]).toEqual([1, count]);
    // Each point has the value that was measured at its step.
    for (const [i, step] of steps.entries()) expect(values[i]).toBe(peaks.get(step) ?? Math.sin(step));
  });
});
