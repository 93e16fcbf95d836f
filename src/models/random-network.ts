/** A network of the same sizes that has learned nothing, as the official code makes it before training. */
import {
  elementCount,
  parameterShapes,
  type NamedTensor,
  type VitArchitecture,
} from '../core/architecture.ts';
import { fail, succeed } from '../core/result.ts';
import { seededRandom } from '../core/seeded-random.ts';
import { yieldToEventLoop } from '../core/yield-to-event-loop.ts';
import type { LoadedModel, ModelLoader } from './loaded-model.ts';

/** vision_transformer.py: trunc_normal_(std=.02), cut at ± 2, which is never met. */
const standardDeviation = 0.02;

/** Box and Muller's. */
function normal(uniform: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** So many values take some 20 ms. Between two pieces the worker hears a cancel. */
const valuesAPiece = 2 ** 18;

/** @yields the number of values so far, after each piece */
function* makeParameters(
  architecture: VitArchitecture,
  seed: number,
): Generator<number, Map<string, NamedTensor>> {
  const random = seededRandom(seed);
  const uniform = (): number => random.below(2 ** 30) / 2 ** 30;
  const bound = 1 / Math.sqrt(3 * architecture.patchSize ** 2);
  const parameters = new Map<string, NamedTensor>();
  let made = 0;
  for (const [name, shape] of parameterShapes(architecture)) {
    let next = (): number => standardDeviation * normal(uniform);
    if (name.startsWith('patch_embed.')) next = () => bound * (2 * uniform() - 1);
    else if (name.includes('norm')) next = () => (name.endsWith('weight') ? 1 : 0);
    else if (name.endsWith('bias')) next = () => 0;
    else if (name.endsWith('gamma')) next = () => 1e-5;
    else if (name === 'register_tokens') next = () => 1e-6 * normal(uniform);
    const values = new Float32Array(elementCount(shape));
    for (let i = 0; i < values.length; i++) {
      values[i] = next();
      made += 1;
      if (made % valuesAPiece === 0) yield made;
    }
    parameters.set(name, { shape, values });
  }
  return parameters;
}

/**
 * Linear layers, CLS token and positions: normal, 0.02; their biases 0. Norms: gain 1, bias 0. The patch embedding is a
 * convolution, which the official code leaves as PyTorch makes it: uniform, ± 1 / √inputs, its bias too. What only DINOv2 has is
 * as there: registers normal, 1e-6, gains of updates 1e-5.
 */
export function randomNetwork(model: LoadedModel, seed: number): LoadedModel {
  const pieces = makeParameters(model.architecture, seed);
  for (let piece = pieces.next(); ; piece = pieces.next())
    if (piece.done) return { ...model, parameters: piece.value };
}

/** The same network with random weights. @param seed other weights for another one */
export const randomised =
  (load: ModelLoader, seed: number): ModelLoader =>
  async (signal, onProgress, onArchitecture) => {
    const loaded = await load(signal, onProgress, onArchitecture);
    if (!loaded.ok) return loaded;
    const { id, title, architecture, parameterCount } = loaded.value;
    const bytesOf = (values: number): number => values * Float32Array.BYTES_PER_ELEMENT;
    const pieces = makeParameters(architecture, seed);
    let piece = pieces.next();
    for (; !piece.done; piece = pieces.next()) {
      onProgress({
        loadedBytes: bytesOf(piece.value),
        totalBytes: bytesOf(parameterCount),
        cached: true,
      });
      await yieldToEventLoop();
      if (signal.aborted) return fail({ code: 'cancelled' });
    }
    return succeed({
      ...loaded.value,
      parameters: piece.value,
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
