import { describe, expect, test } from 'vitest';
import type { StepReport } from './training.ts';
import { describeVerdict, judgeTraining, verdictWindow } from './training-verdict.ts';

const outputDim = 256;
const uniform = Math.log(outputDim);

/** Reports whose entropy and KL are given as shares of ln K. */
const run = (count: number, at: (index: number) => { entropy: number; kl: number }): StepReport[] =>
  Array.from({ length: count }, (_, index) => {
    const teacherEntropy = at(index).entropy * uniform;
    const kl = at(index).kl * uniform;
    return {
      step: index + 1,
      loss: teacherEntropy + kl,
      teacherEntropy,
      kl,
      centreNorm: 1,
      gradientNorm: 1,
      stepMs: 1,
      learningRate: 0.001,
      weightDecay: 0.04,
      teacherMomentum: 0.99,
      teacherTemperature: 0.04,
    };
  });

const kindOf = (reports: readonly StepReport[]): string => judgeTraining(reports, outputDim).kind;

describe('what the curves say', () => {
  test('nothing before there is a window full of steps', () => {
    expect(kindOf([])).toBe('too-early');
    expect(kindOf(run(verdictWindow - 1, () => ({ entropy: 0, kl: 0 })))).toBe('too-early');
  });

  test('a falling loss with an entropy in between is learning, one that stands is steady', () => {
    expect(kindOf(run(40, (i) => ({ entropy: 0.5, kl: 0.4 - i / 200 })))).toBe('learning');
    expect(kindOf(run(40, () => ({ entropy: 0.5, kl: 0.2 })))).toBe('steady');
    expect(kindOf(run(40, (i) => ({ entropy: 0.5, kl: 0.2 + i / 400 })))).toBe('steady');
  });

  test('figure 7: entropy 0 is one output, ln K is uniform, each only when KL is gone too', () => {
    expect(kindOf(run(40, () => ({ entropy: 0.001, kl: 0.004 })))).toBe('one-output');
    expect(kindOf(run(40, () => ({ entropy: 0.995, kl: 0.003 })))).toBe('uniform');
    // A sharp teacher whom the student does not follow has not collapsed.
    expect(kindOf(run(40, () => ({ entropy: 0.01, kl: 0.5 })))).toBe('steady');
  });

  test('without KL every crop has the same answer, wherever the entropy stands', () => {
    expect(kindOf(run(40, () => ({ entropy: 0.43, kl: 0.0002 })))).toBe('constant');
  });

  test('the way to a collapse is told before its end, but not for one odd window', () => {
    expect(kindOf(run(40, () => ({ entropy: 0.05, kl: 0.04 })))).toBe('towards-one-output');
    expect(kindOf(run(40, () => ({ entropy: 0.93, kl: 0.05 })))).toBe('towards-uniform');
    expect(kindOf(run(40, (i) => (i < 30 ? { entropy: 0.4, kl: 0.4 } : { entropy: 0.05, kl: 0.04 })))).toBe(
      'learning',
    );
  });

  test('a loss at ln K is chance’s, with a teacher that says something', () => {
    expect(kindOf(run(40, () => ({ entropy: 0.6, kl: 0.4 })))).toBe('at-chance');
  });

  test('between one window and two the halves are compared: a rising loss is not called a falling one', () => {
    for (const count of [verdictWindow, 12, 15, 2 * verdictWindow - 1]) {
      expect(kindOf(run(count, (i) => ({ entropy: 0.5, kl: 0.1 + i / 100 }))), `${count} rise`).toBe(
        'steady',
      );
      expect(kindOf(run(count, () => ({ entropy: 0.5, kl: 0.2 }))), `${count} stand`).toBe('steady');
      expect(kindOf(run(count, (i) => ({ entropy: 0.5, kl: 0.4 - i / 100 }))), `${count} fall`).toBe(
        'learning',
      );
    }
  });

  test('only the last window counts: a collapse that ended is one no more', () => {
    const reports = run(60, (i) => (i < 40 ? { entropy: 0, kl: 0 } : { entropy: 0.4, kl: 0.3 }));
    expect(kindOf(reports)).toBe('steady');
  });
});

describe('its sentence', () => {
  const context = {
    step: 100,
    freezeLastLayerSteps: 10,
    outputDim,
    switches: { centring: true, sharpening: true },
  };

  test('calls a loss at ln K normal while the last layer stands still, and not for ever', () => {
    expect(describeVerdict({ kind: 'at-chance' }, { ...context, step: 12 })).toContain('That is normal');
    expect(describeVerdict({ kind: 'at-chance' }, context)).toContain('raise the learning rate');
    expect(describeVerdict({ kind: 'at-chance' }, context)).toContain('ln K = 5.55');
  });

  test('never calls a run healthy whose switches lead it astray', () => {
    const switched = (centring: boolean, sharpening: boolean): string =>
      describeVerdict({ kind: 'learning' }, { ...context, switches: { centring, sharpening } });
    expect(switched(true, true)).toContain('Healthy');
    expect(switched(false, true)).toContain('Centring is off');
    expect(switched(true, false)).toContain('Sharpening is off');
    expect(switched(false, false)).toContain('Centring and sharpening are off');
  });
});
