/**
 * Compares training by our kernels with training by tfjs's ops on this device, once before the first run, on a very
 * small network. A kernel that is wrong without an error would ruin a run, and the cause could not be seen.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../core/architecture.ts';
import { failureOf } from '../core/failure.ts';
import { officialConfiguration } from '../core/hyper-parameters.ts';
import { randomStream } from '../core/random.ts';
import type { KernelCheck, ScheduledRates } from '../core/training.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import { nullIfRefused } from '../gpu/error-scope.ts';
import { hasFusedKernels } from '../gpu/kernels/fused-kernels.ts';
import { fastLossAndGradients } from './fast-step.ts';
import { parameterSpecs } from './parameter-specs.ts';
import { ratesAt } from './schedules.ts';
import { openUpdater, type LossAndGradients } from './step-update.ts';
import { plainUpdate } from './plain-update.ts';
import { uploadState, type TrainingState } from './training-state.ts';

/** Relative to each tensor's largest value. Other orders of summation move it by 1e-5, a wrong term by far more than this. */
const tolerance = 1e-3;

const architecture: VitArchitecture = {
  family: 'dino',
  embedDim: 24,
  depth: 2,
  numHeads: 2,
  patchSize: 4,
  gridSize: 3,
  mlpRatio: 2,
  qkvBias: true,
  layerNormEps: 1e-6,
  numRegisters: 0,
  layerScale: false,
};

const configuration = {
  ...officialConfiguration,
  steps: 10,
  batchSize: 1,
  globalCropPx: 12,
  localCropPx: 8,
  localCrops: 2,
  hiddenDim: 12,
  bottleneckDim: 8,
  outputDim: 20,
  learningRate: 0.25,
  warmupSteps: 0,
  freezeLastLayerSteps: 0,
  dropPath: 0,
};

const draw = (length: number, stream: number, deviation: number): Float32Array => {
  const random = randomStream(stream);
  return Float32Array.from({ length }, () => deviation * random.normal());
};

/** Every value is random and not small, so that a missing term is noticed. */
function openState(): TrainingState {
  const specs = parameterSpecs(architecture, configuration);
  const valuesOf = (first: number): Map<string, Float32Array> =>
    new Map(
      specs.map(({ name, officialShape }, i) => [
        name,
        draw(
          officialShape.reduce((product, side) => product * side, 1),
          first + i,
          0.3,
        ),
      ]),
    );
  const stored = { student: valuesOf(0), teacher: valuesOf(1000), firstMoments: null, secondMoments: null };
  return uploadState(architecture, specs, { ...stored, centre: null, step: 0 }, configuration.outputDim);
}

function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  let scale = 0;
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i] as number));
    const off = Math.abs((actual[i] as number) - (expected[i] as number));
    if (!(off <= difference)) difference = Number.isNaN(off) ? Infinity : off;
  }
  return difference / scale;
}

/** @returns every number that an update changes, as on the device: parameters, moments, the centre */
async function readState(state: TrainingState): Promise<Map<string, Float32Array>> {
  const { student, teacher, firstMoments, secondMoments, centre } = state;
  const parts = { student, teacher, firstMoments, secondMoments, centre: new Map([['', centre]]) };
  const tensors = Object.entries(parts).flatMap(([part, variables]) =>
    [...variables].map(([name, tensor]) => [`${part} ${name}`, tensor] as const),
  );
  const values = await Promise.all(tensors.map(([, tensor]) => tensor.data<'float32'>()));
  return new Map(tensors.map(([name], i) => [name, values[i] as Float32Array]));
}

/** An update disposes what it is given. */
const copyOf = (found: LossAndGradients): LossAndGradients =>
  tf.tidy(() => ({
    loss: tf.clone(found.loss),
    entropy: tf.clone(found.entropy),
    teacherOutputs: tf.clone(found.teacherOutputs),
    gradients: Object.fromEntries(
      Object.entries(found.gradients).map(([name, gradient]) => [name, tf.clone(gradient)]),
    ),
  }));

/** @returns the largest relative difference of any gradient */
async function compareGradients(actual: LossAndGradients, expected: LossAndGradients): Promise<number> {
  const differences = await Promise.all(
    Object.entries(expected.gradients).map(async ([name, gradient]) => {
      const [a, e] = await Promise.all([actual.gradients[name]?.data(), gradient.data()]);
      return relativeDifference(a as Float32Array, e as Float32Array);
    }),
  );
  return Math.max(...differences);
}

/**
 * Two updates, since the first has no moments yet, both ways with the same gradients: Adam makes a whole step of a gradient that is 0 but for
 * rounding. What changes is compared and not the parameters, beside which a step is small.
 * @returns the largest relative difference of any change
 */
async function compareUpdates(
  ours: TrainingState,
  plain: TrainingState,
  rates: ScheduledRates,
  found: LossAndGradients,
): Promise<number> {
  const updater = openUpdater(ours);
  try {
    const before = await readState(plain);
    for (let step = 0; step < 2; step++) {
      tf.dispose(Object.values(await updater.update(configuration, rates, copyOf(found))));
      tf.dispose(Object.values(await plainUpdate(plain, configuration, rates, copyOf(found))));
    }
    const [actual, expected] = [await readState(ours), await readState(plain)];
    const changes = (after: Map<string, Float32Array>, name: string): Float32Array =>
      (after.get(name) as Float32Array).map((value, i) => value - (before.get(name)?.[i] as number));
    return Math.max(
      ...[...expected.keys()].map((name) =>
        relativeDifference(changes(actual, name), changes(expected, name)),
      ),
    );
  } finally {
    updater.dispose();
  }
}

/** @returns the largest relative difference of any gradient, and of what an update changes */
async function compare(faults: FaultWatch): Promise<number> {
  const batch = {
    photographs: 1,
    globalPx: 12,
    globals: draw(2 * 12 * 12 * 3, 5001, 1),
    localPx: 8,
    locals: draw(2 * 8 * 8 * 3, 5002, 1),
  };
  // Weights decay as much as they step, so that a wrong decay shows beside the step.
  const rates = { ...ratesAt(configuration, 1), weightDecay: 3 };
  const ours = openState();
  const plain = openState();
  const found: LossAndGradients[] = [];
  try {
    const expected = fastLossAndGradients(plain, configuration, batch, rates, 'plain');
    found.push(expected);
    const actual = fastLossAndGradients(ours, configuration, batch, rates);
    found.push(actual);
    const gradients = await faults.race(compareGradients(actual, expected));
    const updates = await faults.race(compareUpdates(ours, plain, rates, expected));
    faults.check();
    return Math.max(gradients, updates);
  } finally {
    tf.dispose(found);
    ours.dispose();
    plain.dispose();
  }
}

/**
 * @returns 'plain' where the device refuses our kernels or they throw, where they differ from tfjs's ops, or where there are none
 * @throws FailureError on a fault of the device
 */
export async function checkStepKernels(faults: FaultWatch): Promise<KernelCheck> {
  if (!hasFusedKernels()) return { kernels: 'plain', maxRelativeDifference: 0 };
  const maxRelativeDifference = await nullIfRefused(() => compare(faults)).catch((error: unknown) => {
    if (failureOf(error) !== null) throw error;
    return null; // what a kernel throws that is not for this device is no fault of the device
  });
  if (maxRelativeDifference === null) return { kernels: 'plain', maxRelativeDifference: Infinity };
  return { kernels: maxRelativeDifference < tolerance ? 'ours' : 'plain', maxRelativeDifference };
}
