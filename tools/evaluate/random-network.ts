/** A network of the same sizes that has learned nothing, as the official code makes it before training. */
import { elementCount, parameterShapes, type NamedTensor } from '../../src/core/architecture.ts';
import type { LoadedModel } from '../../src/models/loaded-model.ts';
import { seededRandom } from '../../src/core/seeded-random.ts';

/** vision_transformer.py: trunc_normal_(std=.02), cut at ± 2, which is never met. */
const standardDeviation = 0.02;

/** Box and Muller's. */
function normal(uniform: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/**
 * Linear layers, CLS token and positions: normal, 0.02; their biases 0. Norms: gain 1, bias 0. The patch embedding is a
 * convolution, which the official code leaves as PyTorch makes it: uniform, ± 1 / √inputs, its bias too. What only DINOv2 has is
 * as there: registers normal, 1e-6, gains of updates 1e-5.
 */
export function randomNetwork(model: LoadedModel, seed: number): LoadedModel {
  const { patchSize } = model.architecture;
  const random = seededRandom(seed);
  const uniform = (): number => random.below(2 ** 30) / 2 ** 30;
  const bound = 1 / Math.sqrt(3 * patchSize * patchSize);
  const parameters = new Map<string, NamedTensor>();
  for (const [name, shape] of parameterShapes(model.architecture)) {
    let next = (): number => standardDeviation * normal(uniform);
    if (name.startsWith('patch_embed.')) next = () => bound * (2 * uniform() - 1);
    else if (name.includes('norm')) next = () => (name.endsWith('weight') ? 1 : 0);
    else if (name.endsWith('bias')) next = () => 0;
    else if (name.endsWith('gamma')) next = () => 1e-5;
    else if (name === 'register_tokens') next = () => 1e-6 * normal(uniform);
    parameters.set(name, { shape, values: Float32Array.from({ length: elementCount(shape) }, next) });
  }
  return { ...model, parameters };
}
