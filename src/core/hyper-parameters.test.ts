import { describe, expect, test } from 'vitest';
import { findProblems, findWarnings, hyperParameters, officialConfiguration } from './hyper-parameters.ts';
import type { TrainingNumber } from './training.ts';
import { trainingPresets } from './training-presets.ts';

test('the official defaults are possible and known to go well', () => {
  expect(findProblems(officialConfiguration)).toEqual([]);
  expect(findWarnings(officialConfiguration)).toEqual([]);
  expect(officialConfiguration).toMatchObject({ outputDim: 65_536, teacherMomentum: 0.996, localCrops: 8 });
});

describe.each(trainingPresets)('the preset $id', ({ scratch, configuration }) => {
  test('is possible', () => {
    expect(findProblems(configuration)).toEqual([]);
    const patchSize = scratch?.patchSize ?? 8;
    expect(configuration.globalCropPx % patchSize).toBe(0);
    expect(configuration.localCropPx % patchSize).toBe(0);
  });
});

test.each(Object.keys(hyperParameters) as TrainingNumber[])('%s is held to its limits', (name) => {
  const { min, max, isWhole } = hyperParameters[name];
  const wrong = [min - 1, max + 1, NaN, Infinity, ...(isWhole ? [min + 0.5] : [])];
  for (const value of wrong) {
    const problems = findProblems({ ...officialConfiguration, [name]: value });
    expect(problems.map((problem) => problem.name)).toContain(name);
  }
});

test('a scale whose least is more than its most is impossible', () => {
  expect(findProblems({ ...officialConfiguration, localScaleMin: 0.5 })).toMatchObject([
    { name: 'localScaleMin' },
  ]);
});

test.each([
  [{ teacherTemperature: 0.08 }, 'teacherTemperature'],
  [{ centreMomentum: 0.999 }, 'centreMomentum'],
  [{ teacherMomentum: 0.5 }, 'teacherMomentum'],
  [{ learningRate: 0.1 }, 'learningRate'],
  [{ centring: false }, 'centring'],
  [{ sharpening: false }, 'sharpening'],
])('%o is allowed, with a warning', (change, name) => {
  const configuration = { ...officialConfiguration, ...change };
  expect(findProblems(configuration)).toEqual([]);
  expect(findWarnings(configuration).map((warning) => warning.name)).toEqual([name]);
});
