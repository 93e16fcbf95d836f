/** Classes of a photograph by a published linear classifier. */
import type { HeadInputs, LikelyClass } from '../core/linear-head.ts';
import type { PooledFeatures } from '../core/recognition.ts';
import { applyProbe, type LinearProbe } from './linear-probe.ts';
import names from './imagenet-classes.json' with { type: 'json' };

/** @returns the blocks whose features the inputs are made of, from 1, ascending */
export const blocksOfInputs = ({ blocks }: HeadInputs, depth: number): number[] =>
  Array.from({ length: blocks }, (_, at) => depth - blocks + at + 1);

/** @param features of `blocksOfInputs`, in their order @returns shape [D] */
export function joinInputs(
  { mean }: HeadInputs,
  features: readonly PooledFeatures[],
): Float32Array<ArrayBuffer> {
  const last = features.at(-1);
  if (last === undefined) throw new Error('a classifier without inputs');
  const cls = features.flatMap((each) => [...each.cls]);
  if (mean === 'none') return Float32Array.from(cls);
  if (mean === 'after') return Float32Array.from([...cls, ...last.mean]);
  return Float32Array.from({ length: 2 * cls.length }, (_, at) =>
    Number(at % 2 === 0 ? cls[at / 2] : last.mean[(at - 1) / 2]),
  );
}

/** @returns ImageNet's name of a class where the classifier has its thousand classes */
export const nameOfClass = (index: number, classCount: number): string =>
  classCount === names.length ? (names[index] ?? `class ${index}`) : `class ${index}`;

/** @returns the likeliest classes, the likeliest first */
export async function classify(
  probe: LinearProbe,
  input: Float32Array<ArrayBuffer>,
  count: number,
  nameOf = (index: number): string => nameOfClass(index, probe.classCount),
): Promise<LikelyClass[]> {
  const shares = await applyProbe(probe, { count: 1, channels: input.length, values: input });
  return [...shares]
    .map((probability, index) => ({ index, name: nameOf(index), probability }))
    .toSorted((a, b) => b.probability - a.probability || a.index - b.index)
    .slice(0, count);
}
