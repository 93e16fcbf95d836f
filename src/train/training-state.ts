/** Everything of a run that changes: two networks, the optimizer's moments, the centre and the step. */
import * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../core/architecture.ts';
import { networkOf, type Network } from './network.ts';
import type { ParameterSpec } from './parameter-specs.ts';

type Variables = ReadonlyMap<string, tf.Variable>;

export interface TrainingState {
  readonly architecture: VitArchitecture;
  readonly specs: readonly ParameterSpec[];
  readonly student: Variables;
  readonly teacher: Variables;
  /** AdamW's running means of the gradient and of its square. */
  readonly firstMoments: Variables;
  readonly secondMoments: Variables;
  /** shape [1, K] */
  readonly centre: tf.Variable<tf.Rank.R2>;
  readonly studentNetwork: Network;
  readonly teacherNetwork: Network;
  /** Updates done. */
  step: number;
  dispose(): void;
}

/** A state's numbers in main memory, by the specs' names, in official layouts. */
export interface StoredState {
  readonly student: ReadonlyMap<string, Float32Array>;
  readonly teacher: ReadonlyMap<string, Float32Array>;
  /** Null at the start of a run: all 0. */
  readonly firstMoments: ReadonlyMap<string, Float32Array> | null;
  readonly secondMoments: ReadonlyMap<string, Float32Array> | null;
  readonly centre: Float32Array | null;
  readonly step: number;
}

/** tfjs wants a name once in a process; a run may follow another. */
let runs = 0;

function upload(
  specs: readonly ParameterSpec[],
  values: ReadonlyMap<string, Float32Array> | null,
  prefix: string,
): Map<string, tf.Variable> {
  const variables = new Map<string, tf.Variable>();
  for (const { name, deviceShape, toDevice } of specs) {
    const official = values?.get(name);
    if (values !== null && official === undefined) throw new Error(`${prefix}: ${name} is missing`);
    const initial = tf.tidy(() =>
      tf.variable(
        // A copy: the cpu back end would keep the caller's own array.
        official === undefined
          ? tf.zeros([...deviceShape])
          : tf.tensor(toDevice(official).slice(), [...deviceShape]),
        prefix.startsWith('student'),
        `${prefix}.${name}`,
      ),
    );
    variables.set(name, initial);
  }
  return variables;
}

/** @returns a state that the caller disposes */
export function uploadState(
  architecture: VitArchitecture,
  specs: readonly ParameterSpec[],
  stored: StoredState,
  outputDim: number,
): TrainingState {
  const run = ++runs;
  const student = upload(specs, stored.student, `student${run}`);
  const teacher = upload(specs, stored.teacher, `teacher${run}`);
  const firstMoments = upload(specs, stored.firstMoments, `first${run}`);
  const secondMoments = upload(specs, stored.secondMoments, `second${run}`);
  const values = stored.centre?.slice() ?? new Float32Array(outputDim);
  const centre = tf.tidy(() => tf.variable(tf.tensor2d(values, [1, outputDim]), false, `centre${run}`));
  return {
    architecture,
    specs,
    student,
    teacher,
    firstMoments,
    secondMoments,
    centre,
    studentNetwork: networkOf(architecture, student),
    teacherNetwork: networkOf(architecture, teacher),
    step: stored.step,
    dispose: () => {
      for (const variables of [student, teacher, firstMoments, secondMoments])
        for (const variable of variables.values()) variable.dispose();
      centre.dispose();
    },
  };
}

async function download(
  specs: readonly ParameterSpec[],
  variables: Variables,
): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const { name, toOfficial } of specs) {
    const variable = variables.get(name);
    if (variable !== undefined) values.set(name, toOfficial((await variable.data()) as Float32Array).slice());
  }
  return values;
}

/** One network's parameters, by the specs' names, in official layouts. */
export const downloadNetwork = (
  state: TrainingState,
  role: 'student' | 'teacher',
): Promise<Map<string, Float32Array>> => download(state.specs, state[role]);

/** Reads everything back; nothing may be written meanwhile. */
export async function downloadState(state: TrainingState): Promise<StoredState> {
  return {
    student: await download(state.specs, state.student),
    teacher: await download(state.specs, state.teacher),
    firstMoments: await download(state.specs, state.firstMoments),
    secondMoments: await download(state.specs, state.secondMoments),
    centre: ((await state.centre.data()) as Float32Array).slice(),
    step: state.step,
  };
}
