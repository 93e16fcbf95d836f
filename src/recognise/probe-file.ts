/** A linear probe as a file: safetensors with the names of `torch.nn.Linear`, and what it was made of as the header's texts. */
import { FailureError } from '../core/failure.ts';
import {
  featureKinds,
  parseSettings,
  type FeatureKind,
  type FeatureSettings,
  type FeatureSource,
} from '../core/recognition.ts';
import { openSafetensors, readSafetensorsMetadata } from '../formats/safetensors.ts';
import { writeSafetensors } from '../formats/safetensors-writer.ts';
import type { LinearProbe } from './linear-probe.ts';

/** What a probe is good for. */
export interface ProbeFacts extends FeatureSource {
  /** In the order of the rows. */
  readonly classNames: readonly string[];
  readonly feature: FeatureKind;
  readonly settings: FeatureSettings;
}

const invalid = (problem: string): FailureError => new FailureError({ code: 'probe-invalid', problem });

/** `linear.weight` [K, D] and `linear.bias` [K]; inputs are vectors of length 1 of the named feature. */
export function writeProbeFile({ classCount, channels, weight, bias }: LinearProbe, facts: ProbeFacts): Blob {
  return writeSafetensors(
    new Map([
      ['linear.weight', { shape: [classCount, channels], values: weight }],
      ['linear.bias', { shape: [classCount], values: bias }],
    ]),
    {
      format: 'pt',
      classNames: JSON.stringify(facts.classNames),
      feature: facts.feature,
      settings: JSON.stringify(facts.settings),
      modelKey: facts.modelKey,
      ...(facts.modelHash === null ? {} : { modelHash: facts.modelHash }),
      modelTitle: facts.modelTitle,
    },
  );
}

function readJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return null;
  }
}

const areNames = (json: unknown): json is readonly string[] =>
  Array.isArray(json) && json.every((name) => typeof name === 'string');

function readFacts(texts: Readonly<Record<string, string>>): ProbeFacts {
  const { modelKey, modelHash = null, modelTitle } = texts;
  const classNames = readJson(texts['classNames']);
  const settings = parseSettings(readJson(texts['settings']));
  const feature = featureKinds.find((kind) => kind === texts['feature']);
  if (!areNames(classNames) || classNames.length === 0) throw invalid('it does not say its classes');
  if (feature === undefined || modelKey === undefined || modelTitle === undefined || settings === null)
    throw invalid('it does not say of which features it was made');
  return { classNames, feature, settings, modelKey, modelHash, modelTitle };
}

/** @throws FailureError 'probe-invalid' */
export async function readProbeFile(
  file: Blob,
): Promise<{ readonly probe: LinearProbe; readonly facts: ProbeFacts }> {
  const opened = await openSafetensors(file);
  if (!opened.ok) throw invalid('it is no safetensors file');
  const facts = readFacts(await readSafetensorsMetadata(file));
  const [weight, bias] = [opened.value.get('linear.weight'), opened.value.get('linear.bias')];
  const [classCount = 0, channels = 0, ...more] = weight?.shape ?? [];
  if (weight === undefined || bias === undefined || more.length > 0 || channels < 1)
    throw invalid('it has no linear.weight and linear.bias');
  if (classCount !== facts.classNames.length || bias.shape.join() !== String(classCount))
    throw invalid('its tensors do not fit its classes');
  const read = async (tensor: typeof weight): Promise<Float32Array<ArrayBuffer>> =>
    Float32Array.from(await tensor.read());
  const probe = { classCount, channels, weight: await read(weight), bias: await read(bias) };
  if (![...probe.weight, ...probe.bias].every(Number.isFinite))
    throw invalid('it has values that are not finite');
  return { probe, facts };
}
