/** A linear classifier that fits a network: published by DINO or DINOv2, or a probe of our own. */
import { failureOf, type Failure } from '../core/failure.ts';
import { headInputs, type MadeOf } from '../core/linear-head.ts';
import type { ModelDescription } from '../core/model.ts';
import { isSameSource, sourceOf, titleBeside, type PooledFeatures } from '../core/recognition.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { readSafetensorsMetadata } from '../formats/safetensors.ts';
import { openLinearHead } from '../models/open-linear-head.ts';
import { blocksOfInputs, joinInputs, nameOfClass } from './classify.ts';
import { featureVectors } from './feature-vectors.ts';
import type { LinearProbe } from './linear-probe.ts';
import { readProbeFile } from './probe-file.ts';

export interface Classifier {
  readonly probe: LinearProbe;
  /** The blocks of which features are wanted, from 1, ascending. */
  readonly blocks: readonly number[];
  /** @param features of these blocks @returns shape [D] */
  inputOf(features: readonly PooledFeatures[]): Float32Array<ArrayBuffer>;
  nameOf(index: number): string;
  /** Of a probe of our own how the photographs were framed that it learned from, and by which network; null of a published one. */
  readonly madeOf: MadeOf | null;
}

type Network = Pick<ModelDescription, 'title' | 'hash' | 'embedDim' | 'depth'>;

const misfit = (inputs: number, { title, embedDim }: Network): Result<never, Failure> =>
  fail({
    code: 'checkpoint-invalid',
    problem: `its ${inputs} inputs are not made of the ${embedDim} channels of ${title}`,
  });

async function openProbe(file: Blob, model: Network): Promise<Result<Classifier, Failure>> {
  const { probe, facts } = await readProbeFile(file);
  const { feature, settings, classNames } = facts;
  const vectors = feature === 'cls' || feature === 'mean' ? 1 : 2;
  if (probe.channels !== vectors * model.embedDim) return misfit(probe.channels, model);
  if (settings.block > model.depth)
    return fail({
      code: 'checkpoint-invalid',
      problem: `it learned from block ${settings.block}, and ${model.title} has ${model.depth}`,
    });
  // A key says nothing here: whoever asks may call the same network by another one, and by another title.
  const source = sourceOf(facts.modelKey, model);
  const title = isSameSource(facts, source) ? model.title : titleBeside(facts, source);
  const modelTitle = facts.modelHash === null ? facts.modelTitle : title;
  return succeed({
    probe,
    blocks: [settings.block],
    inputOf: ([features]) => {
      const { cls, mean, gem } = features ?? { cls: [], mean: [], gem: [] };
      return featureVectors(Float32Array.from([...cls, ...mean, ...gem]), model.embedDim, feature).values;
    },
    nameOf: (index) => classNames[index] ?? `class ${index}`,
    madeOf: { framing: settings.framing, sidePx: settings.sidePx, modelTitle },
  });
}

async function openPublished(file: Blob, model: Network): Promise<Result<Classifier, Failure>> {
  const opened = await openLinearHead(file);
  if (!opened.ok) return opened;
  const { family, classCount, inputCount, weight, bias } = opened.value;
  const inputs = headInputs(inputCount, family, model);
  if (inputs === null) return misfit(inputCount, model);
  return succeed({
    probe: { classCount, channels: inputCount, weight, bias },
    blocks: blocksOfInputs(inputs, model.depth),
    inputOf: (features) => joinInputs(inputs, features),
    nameOf: (index) => nameOfClass(index, classCount),
    madeOf: null,
  });
}

/** @returns the classifier, or what is wrong with the file or does not fit */
export async function openClassifier(file: Blob, model: Network): Promise<Result<Classifier, Failure>> {
  try {
    const isOurs = 'classNames' in (await readSafetensorsMetadata(file));
    return await (isOurs ? openProbe(file, model) : openPublished(file, model));
  } catch (error) {
    const failure = failureOf(error);
    if (failure === null) throw error;
    return fail(failure);
  }
}
