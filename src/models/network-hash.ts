/** By what a network is known again, whatever file it came in and wherever it is kept. */
import type { NamedTensor, VitArchitecture } from '../core/architecture.ts';
import { encodeFloat16 } from '../core/float16.ts';
import { hashBytes } from '../formats/sha256.ts';

/**
 * Values of a parameter that are hashed, spread evenly over it; all of a smaller one. Training changes nearly every value, and rounding all
 * of them would hold up each start: 86 million in ViT-B.
 */
const valuesPerParameter = 1024;

function sample(values: Float32Array): Float32Array {
  if (values.length <= valuesPerParameter) return values;
  const step = values.length / valuesPerParameter;
  return Float32Array.from(
    { length: valuesPerParameter },
    (_, at) => values[Math.floor(at * step)] as number,
  );
}

const textOf = (architecture: VitArchitecture): string =>
  JSON.stringify(Object.entries(architecture).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/**
 * Weights are rounded to float16 first, as `npm run convert` rounds them: a checkpoint and its float16 files have the same hash. Files of
 * uint8 have another one, since their features differ.
 * @returns SHA-256 in hexadecimal
 */
export async function hashNetwork({
  architecture,
  parameters,
}: {
  readonly architecture: VitArchitecture;
  readonly parameters: ReadonlyMap<string, NamedTensor>;
}): Promise<string> {
  const named = [...parameters].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const parts = named.flatMap(([name, { values }]) => [name, encodeFloat16(sample(values))]);
  return hashBytes(new Uint8Array(await new Blob([textOf(architecture), ...parts]).arrayBuffer()));
}
