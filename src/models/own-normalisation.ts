/** A network that was trained with another normalisation than ImageNet's: what says so, and the same network for ImageNet's. */
import type { NamedTensor } from '../core/architecture.ts';
import { FailureError } from '../core/failure.ts';
import { imageNet, type Normalisation } from '../core/normalisation.ts';
import { fieldsOf } from './network-config.ts';

const channels = ['red', 'green', 'blue'] as const;

/** Far beyond what photographs are normalised by. */
const [least, most] = [1e-6, 1e6];
const maxQuoted = 60;

/**
 * @param stated one number, or one for each channel
 * @param smallest numbers below are refused, as nothing can be computed by them
 */
function readNumbers(stated: unknown, from: string, smallest: number): number[] {
  const all: readonly unknown[] = Array.isArray(stated) ? stated : channels.map(() => stated);
  const numbers = all.filter(
    (value): value is number => typeof value === 'number' && value >= smallest && value <= most,
  );
  if (numbers.length === channels.length && all.length === channels.length) return numbers;
  throw new FailureError({
    code: 'checkpoint-invalid',
    problem: `how its photographs are normalised cannot be used: ${from} is ${JSON.stringify(stated).slice(0, maxQuoted)}`,
  });
}

/** @param names of mean and deviation, and where they stand, for a person to find them */
function readBoth(
  mean: unknown,
  std: unknown,
  names: readonly [string, string],
  place: string,
): Normalisation | null {
  if (mean === undefined && std === undefined) return null;
  return {
    mean: readNumbers(mean ?? imageNet.mean, `${names[0]} in its ${place}`, -most),
    std: readNumbers(std ?? imageNet.std, `${names[1]} in its ${place}`, least),
  };
}

/** timm's config.json. Older ones have all fields in one level. */
function ofTimm(config: unknown): Normalisation | null {
  const fields = fieldsOf(config);
  const { mean, std } = fieldsOf(fields?.['pretrained_cfg']) ?? fields ?? {};
  return readBoth(mean, std, ['mean', 'std'], 'config.json');
}

/** Hugging Face's preprocessor_config.json. It normalises what `rescale_factor` makes of the levels 0 to 255. */
function ofPreprocessor(preprocessor: unknown): Normalisation | null {
  const place = 'preprocessor_config.json';
  const fields = fieldsOf(preprocessor) ?? {};
  const { image_mean: mean, image_std: std, do_normalize: isNormalised } = fields;
  const { do_rescale: isRescaled, rescale_factor: factor } = fields;
  const stated =
    isNormalised === false
      ? { mean: [0, 0, 0], std: [1, 1, 1] }
      : readBoth(mean, std, ['image_mean', 'image_std'], place);
  if (stated === null || isRescaled === false) return stated;
  const [scale = NaN] = readNumbers(factor ?? 1 / 255, `rescale_factor in its ${place}`, least);
  const ofUnit = (value: number): number => value / (255 * scale);
  return { mean: stated.mean.map(ofUnit), std: stated.std.map(ofUnit) };
}

const isSame = (a: readonly number[], b: readonly number[]): boolean =>
  a.every((value, channel) => Math.abs(value - (b[channel] ?? NaN)) < 1e-6);

/** Those of DINO's four networks, by their names in Hugging Face's configs. */
const dinoSizes: Readonly<Record<string, readonly unknown[]>> = {
  hidden_size: [384, 768],
  num_hidden_layers: [12],
  patch_size: [8, 16],
  image_size: [224],
};

/**
 * Google's networks took 0.5, and nothing in their tensors tells them from DINO's.
 * @param fields of a config.json of Hugging Face's
 * @returns false where it is none of DINO's: of another size, with the classes of a classifier that was taken off, or with Google's name
 */
function mayBeDinos(fields: Readonly<Record<string, unknown>>): boolean {
  const { id2label: classes, _name_or_path: origin } = fields;
  if (classes !== undefined || (typeof origin === 'string' && /google|in21k/i.test(origin))) return false;
  return Object.entries(dinoSizes).every(
    ([name, sizes]) => fields[name] === undefined || sizes.includes(fields[name]),
  );
}

/**
 * Hugging Face's programs write 0.5 for each colour where nobody says anything else, and so it stands beside mirrors of DINO's networks, which
 * were trained with ImageNet's numbers. Theirs are those without a classifier and a pooler.
 * @param leftOut what the checkpoint holds besides the network
 */
export function isUnsaid(config: unknown, preprocessor: unknown, leftOut: readonly string[]): boolean {
  const { image_mean: mean, image_std: std } = fieldsOf(preprocessor) ?? {};
  const isHalf = (stated: unknown): boolean =>
    Array.isArray(stated) && stated.every((value) => value === 0.5);
  const isBare = !leftOut.some((name) => /(^|\.)(classifier|pooler)\b/.test(name));
  const fields = fieldsOf(config) ?? {};
  return isHalf(mean) && isHalf(std) && isBare && fields['model_type'] === 'vit' && mayBeDinos(fields);
}

/**
 * @param config config.json, of the network or of none
 * @param preprocessor preprocessor_config.json beside it
 * @returns the normalisation that they say; null where that is ImageNet's, or they say none
 * @throws FailureError 'checkpoint-invalid' where it cannot be used
 */
export function readNormalisation(config: unknown, preprocessor: unknown): Normalisation | null {
  const stated = ofTimm(config) ?? ofPreprocessor(preprocessor);
  if (stated === null) return null;
  return isSame(stated.mean, imageNet.mean) && isSame(stated.std, imageNet.std) ? null : stated;
}

/**
 * The patch embedding is linear, and so is the way from one normalisation to the other. So the weights take it over, and the network is
 * the same for photographs that are normalised as ImageNet's are.
 * @param parameters by official names
 */
export function takeImageNet(
  parameters: ReadonlyMap<string, NamedTensor>,
  { mean, std }: Normalisation,
): Map<string, NamedTensor> {
  const weight = parameters.get('patch_embed.proj.weight');
  const bias = parameters.get('patch_embed.proj.bias');
  if (weight === undefined || bias === undefined) throw new Error('a network without a patch embedding');
  const [, , height = 0, width = 0] = weight.shape;
  const gains = std.map((own, channel) => (imageNet.std[channel] ?? NaN) / own);
  const shifts = std.map((own, channel) => ((imageNet.mean[channel] ?? NaN) - (mean[channel] ?? NaN)) / own);
  const sums = Float64Array.from(bias.values);
  const values = weight.values.map((value, at) => {
    const row = Math.floor(at / (height * width));
    const channel = row % gains.length;
    const out = Math.floor(row / gains.length);
    sums[out] = (sums[out] ?? NaN) + value * (shifts[channel] ?? NaN);
    return value * (gains[channel] ?? NaN);
  });
  return new Map(parameters)
    .set('patch_embed.proj.weight', { shape: weight.shape, values })
    .set('patch_embed.proj.bias', { shape: bias.shape, values: Float32Array.from(sums) });
}
