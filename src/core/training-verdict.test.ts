import { describe, expect, test } from 'vitest';
import { randomStream } from './random.ts';
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

  test('a loss that jumps without a trend is not called a falling one, and one that falls beneath the jumps is', () => {
    const random = randomStream(7);
    const jumping = (slope: number): number => {
      const kinds = Array.from({ length: 200 }, () =>
        kindOf(run(40, (i) => ({ entropy: 0.5, kl: 0.3 - slope * i + 0.02 * random.normal() }))),
      );
      return kinds.filter((kind) => kind === 'learning').length / kinds.length;
    };
    // Two standard errors to one side.
    expect(jumping(0)).toBeLessThan(0.06);
    expect(jumping(0.004)).toBeGreaterThan(0.9);
  });

  test('only the last window counts: a collapse that ended is one no more', () => {
    const reports = run(60, (i) => (i < 40 ? { entropy: 0, kl: 0 } : { entropy: 0.4, kl: 0.3 }));
    expect(kindOf(reports)).toBe('steady');
  });
});

describe('oscillation', () => {
  const swinging = (period: number, low: number, high: number) =>
    run(120, (i) => ({
      entropy: (low + high) / 2 + ((high - low) / 2) * Math.sin((2 * Math.PI * i) / period),
      kl: 0.15,
    }));

  test('an entropy that swings widely and often oscillates, at any moment of a swing', () => {
    for (let end = 80; end <= 120; end++)
      expect(kindOf(swinging(40, 0.1, 0.7).slice(0, end)), `step ${end}`).toBe('oscillates');
    expect(judgeTraining(swinging(40, 0.1, 0.7), outputDim)).toMatchObject({
      lowShare: expect.closeTo(0.1, 1) as number,
      highShare: expect.closeTo(0.7, 1) as number,
    });
  });

  test('a run that touches ln K in every swing oscillates, and has not collapsed', () => {
    const reports = run(120, (i) => {
      const isHigh = Math.floor(i / 20) % 2 === 1;
      return isHigh ? { entropy: 0.995, kl: 0.003 } : { entropy: 0.3, kl: 0.3 };
    });
    expect(kindOf(reports)).toBe('oscillates');
  });

  test('small swings, one slow swing, noise and the one fall of a collapse are none', () => {
    expect(kindOf(swinging(40, 0.5, 0.65))).not.toBe('oscillates');
    expect(kindOf(swinging(200, 0.1, 0.7))).not.toBe('oscillates');
    expect(kindOf(run(120, (i) => ({ entropy: i % 2 === 0 ? 0.3 : 0.7, kl: 0.15 })))).not.toBe('oscillates');
    expect(
      kindOf(run(120, (i) => ({ entropy: Math.max(0, 0.7 - i / 60), kl: Math.max(0, 0.3 - i / 100) }))),
    ).toBe('one-output');
  });

  test('a run that swung and then collapsed has collapsed', () => {
    const reports = run(120, (i) =>
      i < 40 ? { entropy: Math.floor(i / 10) % 2 === 0 ? 0.1 : 0.7, kl: 0.2 } : { entropy: 0, kl: 0 },
    );
    expect(kindOf(reports)).toBe('one-output');
  });
});

describe('its sentence', () => {
  const context = {
    step: 100,
    freezeLastLayerSteps: 10,
    outputDim,
    switches: { centring: true, sharpening: true },
    spells: [{ step: 1, centring: true, sharpening: true }],
    rateShare: 1,
  };

  test('calls a loss at ln K normal while the last layer stands still, and not for ever', () => {
    expect(describeVerdict({ kind: 'at-chance' }, { ...context, step: 12 })).toContain('That is normal');
    expect(describeVerdict({ kind: 'at-chance' }, context)).toContain('raise the learning rate');
    expect(describeVerdict({ kind: 'at-chance' }, context)).toContain('ln K = 5.55');
  });

  test('never calls a run healthy whose switches lead it astray', () => {
    const switched = (centring: boolean, sharpening: boolean): string =>
      describeVerdict(
        { kind: 'learning', entropyShare: 0.5 },
        { ...context, switches: { centring, sharpening } },
      );
    expect(switched(true, true)).toContain('Healthy');
    expect(switched(false, true)).toContain('Centring is off');
    expect(switched(true, false)).toContain('Sharpening is off');
    expect(switched(false, false)).toContain('Centring and sharpening are off');
  });

  test('names the spells that are over, and not the one that goes on', () => {
    const spells = [
      { step: 1, centring: true, sharpening: true },
      { step: 41, centring: false, sharpening: true },
      { step: 91, centring: true, sharpening: true },
      { step: 120, centring: true, sharpening: false },
    ];
    const sentence = describeVerdict({ kind: 'uniform' }, { ...context, spells });
    expect(sentence).toContain('Collapsed to uniform');
    expect(sentence).toContain('Before, centring was off in steps 41 to 90.');
    expect(sentence).not.toContain('sharpening was off');
    expect(describeVerdict({ kind: 'uniform' }, context)).not.toContain('Before');
    // Off and on again between two steps.
    const undone = [
      { step: 1, centring: true, sharpening: true },
      { step: 5, centring: false, sharpening: true },
      { step: 5, centring: true, sharpening: true },
    ];
    expect(describeVerdict({ kind: 'uniform' }, { ...context, spells: undone })).not.toContain('Before');
  });

  test('says when the learning rate is spent, and expects nothing that is there already', () => {
    const switches = { centring: true, sharpening: false };
    const sentence = (entropyShare: number, rateShare: number): string =>
      describeVerdict({ kind: 'steady', entropyShare }, { ...context, switches, rateShare });
    expect(sentence(0.5, 1)).toContain('expect the teacher’s entropy to rise');
    expect(sentence(0.99, 1)).not.toContain('to rise');
    expect(sentence(0.99, 1)).not.toContain('spent');
    expect(sentence(0.5, 0.01)).toContain('almost spent: for another experiment, start again');
  });
});
