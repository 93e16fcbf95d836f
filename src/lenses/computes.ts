/** The `compute` of each lens, by the names in `contracts`. */
import type { LensId, ParamsOf, ResultOf } from './contracts.ts';
import { coloursCompute } from './colours/compute.ts';
import { correspondencesCompute } from './correspondences/compute.ts';
import { headsCompute } from './heads/compute.ts';
import { layersCompute } from './layers/compute.ts';
import type { LensCompute } from './lens-compute.ts';
import { objectsCompute } from './objects/compute.ts';
import { normsCompute } from './norms/compute.ts';
import { similarityCompute } from './similarity/compute.ts';
import { rolloutCompute } from './rollout/compute.ts';

export const computes: { readonly [L in LensId]: LensCompute<ParamsOf<L>, ResultOf<L>> } = {
  heads: headsCompute,
  layers: layersCompute,
  rollout: rolloutCompute,
  norms: normsCompute,
  similarity: similarityCompute,
  correspondences: correspondencesCompute,
  objects: objectsCompute,
  colours: coloursCompute,
};
