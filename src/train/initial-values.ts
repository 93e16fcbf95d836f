/** Values that a run starts from, drawn as the official code draws them; the same for the same seed on every machine. */
import { elementCount, type NamedTensor } from '../core/architecture.ts';
import { randomStream, type Random } from '../core/random.ts';
import { lastLayerName, type ParameterSpec } from './parameter-specs.ts';

/** Normal with a deviation of 0.02. The official cut, at ±2, lies a hundred deviations out and never strikes. */
const weightDeviation = 0.02;

const uniform = (length: number, limit: number, random: Random): Float32Array =>
  Float32Array.from({ length }, () => random.uniform(-limit, limit));

/**
 * Linear weights and tokens: normal, 0.02. Biases: 0. LayerNorm: 1 and 0. The patch embedding (weight and bias) and the
 * head's last layer keep PyTorch's own uniform ±1/√inputs, since the official initialisation does not reach them.
 */
function draw({ name, officialShape }: ParameterSpec, inputs: number, random: Random): Float32Array {
  const length = elementCount(officialShape);
  if (name.startsWith('backbone.patch_embed.') || name === lastLayerName)
    return uniform(length, 1 / Math.sqrt(inputs), random);
  if (/norm\d?\.weight$/.test(name)) return new Float32Array(length).fill(1);
  if (name.endsWith('.bias')) return new Float32Array(length);
  return Float32Array.from({ length }, () => weightDeviation * random.normal());
}

/**
 * @param backbone a trained network's parameters by their official names, in official layouts; null draws them all
 * @returns by the specs' names, in official layouts
 */
export function initialValues(
  specs: readonly ParameterSpec[],
  backbone: ReadonlyMap<string, NamedTensor> | null,
  seed: number,
): Map<string, Float32Array> {
  const patchShape = specs.find(({ name }) => name === 'backbone.patch_embed.proj.weight')?.officialShape;
  const patchInputs = elementCount(patchShape?.slice(1) ?? []);
  const values = new Map<string, Float32Array>();
  for (const [index, spec] of specs.entries()) {
    const known = backbone?.get(spec.name.replace(/^backbone\./, ''));
    const inputs = spec.name === lastLayerName ? (spec.officialShape[1] ?? 1) : patchInputs;
    values.set(spec.name, known?.values ?? draw(spec, inputs, randomStream(seed, 0, index)));
  }
  return values;
}
