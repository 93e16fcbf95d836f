/** The list of lenses. `computes` and `views` have the same names. */
import { coloursContract } from './colours/contract.ts';
import { correspondencesContract } from './correspondences/contract.ts';
import { headsContract } from './heads/contract.ts';
import { layersContract } from './layers/contract.ts';
import type { LensContract } from './lens-contract.ts';
import { objectsContract } from './objects/contract.ts';
import { normsContract } from './norms/contract.ts';
import { similarityContract } from './similarity/contract.ts';
import { rolloutContract } from './rollout/contract.ts';

const contracts = {
  heads: headsContract,
  layers: layersContract,
  rollout: rolloutContract,
  norms: normsContract,
  similarity: similarityContract,
  correspondences: correspondencesContract,
  objects: objectsContract,
  colours: coloursContract,
} as const;

export type LensId = keyof typeof contracts;

type Parts<L extends LensId> =
  (typeof contracts)[L] extends LensContract<infer P, infer D, infer R>
    ? { readonly params: P; readonly drawing: D; readonly result: R }
    : never;

export type ParamsOf<L extends LensId> = Parts<L>['params'];
export type DrawingOf<L extends LensId> = Parts<L>['drawing'];
export type ResultOf<L extends LensId> = Parts<L>['result'];

/** In the order of the lens bar. */
export const lensIds = Object.keys(contracts) as readonly LensId[];

/** The lens that the page opens with. */
export const [firstLens] = lensIds as readonly [LensId, ...LensId[]];

/** A contract for code that does not know the types of its parameters, drawing and result. */
export const contractOf = (id: LensId): LensContract<object, object, unknown> =>
  contracts[id] as unknown as LensContract<object, object, unknown>;
