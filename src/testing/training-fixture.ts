/** PyTorch's training of a tiny network (tools/reference/make_training.py), for tests on every back end. */
import fixture from '../../tools/reference/fixtures/training.json';
import { elementCount, parseArchitecture, type VitArchitecture } from '../core/architecture.ts';
import { bytesOfBase64, floatsOfBase64 } from '../core/base64.ts';
import { officialConfiguration } from '../core/hyper-parameters.ts';
import type { TrainingConfiguration } from '../core/training.ts';
import { globalViews, type CropBatch } from '../train/crop-batch.ts';
import { parameterSpecs, type ParameterSpec } from '../train/parameter-specs.ts';
import { uploadState, type TrainingState } from '../train/training-state.ts';

export const expectedSteps = fixture.steps;

export const fixtureConfiguration: TrainingConfiguration = {
  ...officialConfiguration,
  ...fixture.configuration,
};

function parse(): VitArchitecture {
  const architecture = parseArchitecture(fixture.architecture);
  if (typeof architecture === 'string') throw new Error(architecture);
  return architecture;
}

const fixtureArchitecture = parse();
export const fixtureSpecs: readonly ParameterSpec[] = parameterSpecs(
  fixtureArchitecture,
  fixtureConfiguration,
);

/** Splits all parameters, stored one after the other in PyTorch's order, by name. */
function byName(base64: string): Map<string, Float32Array> {
  const values = floatsOfBase64(base64);
  const named = new Map<string, Float32Array>();
  let offset = 0;
  for (const { name, shape } of fixture.parameters) {
    named.set(name, values.subarray(offset, offset + elementCount(shape)));
    offset += elementCount(shape);
  }
  return named;
}

export const expectedFirstGradients = byName(fixture.firstGradients);
export const expectedTeacher = byName(fixture.final.teacher);
export const expectedCentre = floatsOfBase64(fixture.final.centre);

/** The state before the first step; caller disposes. */
export const openFixtureState = (): TrainingState =>
  uploadState(
    fixtureArchitecture,
    fixtureSpecs,
    {
      student: byName(fixture.initial.student),
      teacher: byName(fixture.initial.teacher),
      firstMoments: null,
      secondMoments: null,
      centre: null,
      step: 0,
    },
    fixtureConfiguration.outputDim,
  );

/** @param step from 1 on */
export function fixtureBatch(step: number): CropBatch {
  const { batchSize, globalCropPx, localCropPx } = fixtureConfiguration;
  const values = Float32Array.from(bytesOfBase64(fixture.crops[step - 1] ?? ''), (byte) => (byte - 128) / 64);
  const split = globalViews * batchSize * globalCropPx * globalCropPx * 3;
  return {
    photographs: batchSize,
    globalPx: globalCropPx,
    globals: values.subarray(0, split),
    localPx: localCropPx,
    locals: values.subarray(split),
  };
}

/**
 * The part of a qkv bias that belongs to the keys. Softmax cancels it, so its true gradient is 0, and Adam turns any
 * rounding error into a step.
 */
export const isKeyBias = (name: string, index: number): boolean =>
  name.endsWith('.attn.qkv.bias') &&
  index >= fixtureArchitecture.embedDim &&
  index < 2 * fixtureArchitecture.embedDim;
