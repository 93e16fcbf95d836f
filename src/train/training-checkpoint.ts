/**
 * A whole run as one safetensors file: both networks by the official names, the optimizer, the centre, and in the header the
 * step and the configuration. Any DINO tool can read the networks (`teacher.backbone.…`), and a run goes on from it exactly.
 */
import {
  architectureMetadata,
  elementCount,
  parseArchitecture,
  type NamedTensor,
  type VitArchitecture,
} from '../core/architecture.ts';
import { FailureError, failureOf, type Failure } from '../core/failure.ts';
import { findProblems, hyperParameters } from '../core/hyper-parameters.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import type { TrainingConfiguration } from '../core/training.ts';
import { openSafetensors, readSafetensorsMetadata } from '../formats/safetensors.ts';
import { writeSafetensors } from '../formats/safetensors-writer.ts';
import type { TensorFile } from '../formats/tensor-file.ts';
import { lastLayerName, parameterSpecs, type ParameterSpec } from './parameter-specs.ts';
import type { StoredState } from './training-state.ts';

export interface TrainingCheckpoint {
  readonly architecture: VitArchitecture;
  readonly configuration: TrainingConfiguration;
  readonly state: StoredState;
  /** Of the photographs that the run has learned from; see `fingerprintOf`. */
  readonly photographs: string;
}

const metadataName = 'dinoscope.training';
const centreName = 'dino_loss.center';
const gainName = 'head.last_layer.weight_g';
const groups = [
  ['student', 'student'],
  ['teacher', 'teacher'],
  ['firstMoments', 'optimizer.exp_avg'],
  ['secondMoments', 'optimizer.exp_avg_sq'],
] as const;

const invalid = (problem: string): FailureError => new FailureError({ code: 'checkpoint-invalid', problem });

function addAll(
  tensors: Map<string, NamedTensor>,
  specs: readonly ParameterSpec[],
  prefix: string,
  values: ReadonlyMap<string, Float32Array> | null,
): void {
  for (const { name, officialShape } of specs)
    tensors.set(`${prefix}.${name}`, {
      shape: officialShape,
      values: values?.get(name) ?? new Float32Array(elementCount(officialShape)),
    });
}

/** The gain of the head's last layer is no parameter here, but PyTorch's module has it. */
const addGain = (tensors: Map<string, NamedTensor>, prefix: string, outputDim: number): void => {
  tensors.set(`${prefix}.${gainName}`, {
    shape: [outputDim, 1],
    values: new Float32Array(outputDim).fill(1),
  });
};

export function writeTrainingCheckpoint(checkpoint: TrainingCheckpoint): Blob {
  const { architecture, configuration, state, photographs } = checkpoint;
  const { outputDim } = configuration;
  const specs = parameterSpecs(architecture, configuration);
  const tensors = new Map<string, NamedTensor>();
  for (const [group, prefix] of groups) {
    addAll(tensors, specs, prefix, state[group]);
    if (group === 'student' || group === 'teacher') addGain(tensors, prefix, outputDim);
  }
  tensors.set(centreName, { shape: [1, outputDim], values: state.centre ?? new Float32Array(outputDim) });
  return writeSafetensors(tensors, {
    format: 'pt',
    [architectureMetadata]: JSON.stringify(architecture),
    [metadataName]: JSON.stringify({ version: 1, step: state.step, configuration, photographs }),
  });
}

/** One backbone by the official names of a published checkpoint. @param values by the specs' names, in official layouts */
export function writeBackbone(
  architecture: VitArchitecture,
  specs: readonly ParameterSpec[],
  values: ReadonlyMap<string, Float32Array>,
): Blob {
  const tensors = new Map<string, NamedTensor>();
  for (const { name, officialShape } of specs) {
    const own = /^backbone\.(.*)$/.exec(name)?.[1];
    const found = values.get(name);
    if (own !== undefined && found !== undefined) tensors.set(own, { shape: officialShape, values: found });
  }
  return writeSafetensors(tensors, { format: 'pt', [architectureMetadata]: JSON.stringify(architecture) });
}

/** The header's content, checked before it is used. */
interface Description {
  readonly step: number;
  readonly configuration: TrainingConfiguration;
  readonly photographs: string;
}

function parseJson(text: string | undefined, name: string): Readonly<Record<string, unknown>> {
  let json: unknown = null;
  try {
    json = JSON.parse(text ?? 'null');
  } catch {
    // said below
  }
  if (typeof json !== 'object' || json === null)
    throw invalid(`it is no training checkpoint of this program: its header has no ${name}`);
  return json as Readonly<Record<string, unknown>>;
}

function parseDescription(text: string | undefined): Description {
  const { version, step, configuration, photographs } = parseJson(text, metadataName);
  if (version !== 1) throw invalid(`it is of version ${String(version)}, and this program reads version 1`);
  if (typeof step !== 'number' || !Number.isInteger(step) || step < 0) throw invalid('its step is missing');
  if (typeof configuration !== 'object' || configuration === null)
    throw invalid('its configuration is missing');
  const given = configuration as Readonly<Record<string, unknown>>;
  const names = [...Object.keys(hyperParameters), 'centring', 'sharpening'];
  const missing = names.filter((name) => given[name] === undefined);
  if (missing.length > 0) throw invalid(`its configuration lacks ${missing.join(', ')}`);
  for (const name of ['centring', 'sharpening'])
    if (typeof given[name] !== 'boolean') throw invalid(`its ${name} is not true or false`);
  const known = Object.fromEntries(
    names.map((name) => [name, given[name]]),
  ) as unknown as TrainingConfiguration;
  const [problem] = findProblems(known);
  if (problem !== undefined) throw invalid(`its configuration is wrong: ${problem.sentence}`);
  return { step, configuration: known, photographs: typeof photographs === 'string' ? photographs : '' };
}

async function readTensor(file: TensorFile, name: string, shape: readonly number[]): Promise<Float32Array> {
  const stored = file.get(name);
  if (stored === undefined) throw invalid(`${name} is missing`);
  if (stored.shape.join() !== shape.join())
    throw invalid(`${name} is [${stored.shape.join(', ')}], not [${shape.join(', ')}]`);
  return stored.read();
}

async function read(file: Blob): Promise<TrainingCheckpoint> {
  const opened = await openSafetensors(file);
  if (!opened.ok) throw new FailureError(opened.error);
  const metadata = await readSafetensorsMetadata(file);
  const { step, configuration, photographs } = parseDescription(metadata[metadataName]);
  const architecture = parseArchitecture(parseJson(metadata[architectureMetadata], architectureMetadata));
  if (typeof architecture === 'string') throw invalid(architecture);
  const specs = parameterSpecs(architecture, configuration);
  const readGroup = async (prefix: string): Promise<Map<string, Float32Array>> => {
    const values = new Map<string, Float32Array>();
    for (const { name, officialShape } of specs)
      values.set(name, await readTensor(opened.value, `${prefix}.${name}`, officialShape));
    return values;
  };
  for (const role of ['student', 'teacher']) {
    const gain = await readTensor(opened.value, `${role}.${gainName}`, [configuration.outputDim, 1]);
    if (gain.some((value) => value !== 1))
      throw invalid(`the gain of ${role}.${lastLayerName} is not fixed at 1`);
  }
  const state: StoredState = {
    student: await readGroup('student'),
    teacher: await readGroup('teacher'),
    firstMoments: await readGroup('optimizer.exp_avg'),
    secondMoments: await readGroup('optimizer.exp_avg_sq'),
    centre: await readTensor(opened.value, centreName, [1, configuration.outputDim]),
    step,
  };
  return { architecture, configuration, state, photographs };
}

/** @returns the settings alone, as the header has them, or 'checkpoint-invalid': nothing else is read */
export async function readTrainingConfiguration(file: Blob): Promise<Result<TrainingConfiguration, Failure>> {
  try {
    const opened = await openSafetensors(file);
    if (!opened.ok) return opened;
    const metadata = await readSafetensorsMetadata(file);
    return succeed(parseDescription(metadata[metadataName]).configuration);
  } catch (error) {
    const failure = failureOf(error);
    if (failure === null) throw error;
    return fail(failure);
  }
}

/** @returns the run, all of it and every shape checked, or 'checkpoint-invalid' with what is wrong */
export async function readTrainingCheckpoint(file: Blob): Promise<Result<TrainingCheckpoint, Failure>> {
  try {
    return succeed(await read(file));
  } catch (error) {
    const failure = failureOf(error);
    if (failure === null) throw error;
    return fail(failure);
  }
}
