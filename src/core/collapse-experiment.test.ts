import { describe, expect, test } from 'vitest';
import { conditions, describeExperimentEnd, judgeExperiment } from './collapse-experiment.ts';
import type { StepReport } from './training.ts';

const outputDim = 64;
const uniform = Math.log(outputDim);

/** Reports whose entropy and KL are given as shares of ln K. */
const run = (count: number, at: (step: number) => { entropy: number; kl: number }): StepReport[] =>
  Array.from({ length: count }, (_, index) => {
    const { entropy, kl } = at(index + 1);
    return { step: index + 1, teacherEntropy: entropy * uniform, kl: kl * uniform } as StepReport;
  });

const sentenceOf = (reports: readonly StepReport[]): string => {
  const end = judgeExperiment(reports, outputDim);
  if (end === null) throw new Error('too short');
  return describeExperimentEnd(end, outputDim);
};

test('the three trainings differ in the switches alone', () => {
  expect(conditions.map(({ centring, sharpening }) => [centring, sharpening])).toEqual([
    [true, true],
    [false, true],
    [true, false],
  ]);
});

describe('how a training ended', () => {
  test('too few steps say nothing', () => {
    expect(
      judgeExperiment(
        run(39, () => ({ entropy: 0.5, kl: 0.2 })),
        outputDim,
      ),
    ).toBeNull();
  });

  test('a healthy one stays between the ends; its swing is that of the last quarter', () => {
    const healthy = run(200, (step) => ({ entropy: step <= 190 ? 0.6 : 0.7, kl: step < 100 ? 0 : 0.15 }));
    const end = judgeExperiment(healthy, outputDim);
    expect(end?.kind).toBe('neither');
    expect(end?.entropyShare).toBeCloseTo(0.62, 6);
    expect(end?.klShare).toBeCloseTo(0.15, 6);
    expect(end?.swingShare).toBeCloseTo(0.1, 6);
    expect(sentenceOf(healthy)).toContain('stays at 2.58, 62\u00a0% of ln K, and KL at 0.62');
  });

  test('a collapse is told with the step from which on it lasts', () => {
    const one = run(200, (step) =>
      step < 70 && step !== 30 ? { entropy: 0.3, kl: 0.2 } : { entropy: 0.001, kl: 0.002 },
    );
    expect(judgeExperiment(one, outputDim)).toMatchObject({ kind: 'one-output', sinceStep: 70 });
    expect(sentenceOf(one)).toContain('ends at 0.00, near 0 from step 70 on, and KL at');
    const alike = run(200, (step) => ({ entropy: step < 90 ? 0.9 : 0.995, kl: 0.005 }));
    expect(judgeExperiment(alike, outputDim)).toMatchObject({ kind: 'uniform', sinceStep: 90 });
    expect(sentenceOf(alike)).toContain('ends at 4.14, near ln K = 4.16 from step 90 on, and KL at');
  });

  test('what is neither healthy nor a collapse is not called either', () => {
    for (const [entropy, kl] of [
      [0.04, 0.08],
      [0.95, 0.06],
      [0.5, 0.01],
    ] as const) {
      const reports = run(200, () => ({ entropy, kl }));
      expect(judgeExperiment(reports, outputDim)?.kind).toBe('unclear');
      expect(sentenceOf(reports)).toContain('neither of the paper’s two ends');
    }
  });
});
