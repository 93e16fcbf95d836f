/** A look's numbers as files. */
import { join } from 'node:path';
import { encodeNpy } from '../../src/formats/npy.ts';
import { computes } from '../../src/lenses/computes.ts';
import type { LensId } from '../../src/lenses/contracts.ts';
import type { LensCompute } from '../../src/lenses/lens-compute.ts';
import { frameOf, type LookResult } from '../../src/lenses/lens-contract.ts';
import { writeWhole } from '../write-whole.ts';
import type { Asked, Side } from './side.ts';

export interface Looked {
  readonly asked: Asked;
  readonly image: string;
  readonly side: Side;
  readonly looked: LookResult<unknown>;
}

const computeOf = (lens: LensId): LensCompute<object, unknown> =>
  computes[lens] as unknown as LensCompute<object, unknown>;

/** @returns how the names of a look's files end */
export const lookEndings = (lens: LensId, { result }: LookResult<unknown>): readonly string[] => [
  '.json',
  ...computeOf(lens)
    .arrays(result)
    .map(({ suffix }) => `${suffix}.npy`),
];

/**
 * Each array as .npy, and what made them as .json.
 * @param name of the files, without an ending
 * @param more that the JSON says besides
 */
export async function writeLook(
  folder: string,
  name: string,
  { asked, image, side, looked }: Looked,
  more: object,
): Promise<void> {
  const { lens, params, framing } = asked;
  const { engine, model } = side.engine;
  const { passes, result } = looked;
  const compute = computeOf(lens);
  const arrays = compute.arrays(result);
  for (const { suffix, shape, values } of arrays)
    await writeWhole(join(folder, `${name}${suffix}.npy`), encodeNpy({ shape, values }));
  const { tokens = 0, timings } = passes[0] ?? {};
  const facts = {
    image,
    lens,
    model,
    backend: engine.backend.name,
    frame: frameOf(looked),
    overlap: framing.overlap,
    tokens,
    timings,
    parameters: params,
    arrays: arrays.map(({ suffix, shape }) => ({ file: `${name}${suffix}.npy`, shape })),
    ...compute.numbers(result),
    ...more,
  };
  await writeWhole(join(folder, `${name}.json`), `${JSON.stringify(facts, null, 2)}\n`);
}
