/** A network of the same sizes that has learned nothing, as the official code makes it before training. */
import {
  elementCount,
  parameterShapes,
  type NamedTensor,
  type VitArchitecture,
} from '../core/architecture.ts';
import { succeed } from '../core/result.ts';
import { seededRandom } from '../core/seeded-random.ts';
import type { LoadedModel, ModelLoader } from './loaded-model.ts';

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

/** The same network with random weights. @param seed other weights for another one */
export const randomised =
  (load: ModelLoader, seed: number): ModelLoader =>
  async (signal, onProgress, onArchitecture) => {
    const loaded = await load(signal, onProgress, onArchitecture);
    if (!loaded.ok) return loaded;
    const { id, title } = loaded.value;
    return succeed({
      ...randomNetwork(loaded.value, seed),
      id: `${id}-random-${seed}`,
      title: `${title}, random weights`,
    });
  };

/** A network of which only the sizes are known; its parameters are to be made. */
export const networkOfSizes =
  (id: string, title: string, architecture: VitArchitecture): ModelLoader =>
  (_signal, _onProgress, onArchitecture) => {
    onArchitecture?.(architecture);
    let parameterCount = 0;
    for (const shape of parameterShapes(architecture).values()) parameterCount += elementCount(shape);
    return Promise.resolve(succeed({ id, title, architecture, parameters: new Map(), parameterCount }));
  };
