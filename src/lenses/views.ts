/** The view of each lens, by the names in `contracts`. */
import type { DrawingOf, LensId, ParamsOf, ResultOf } from './contracts.ts';
import { coloursView } from './colours/view.tsx';
import { correspondencesView } from './correspondences/view.tsx';
import { headsView } from './heads/view.tsx';
import { layersView } from './layers/view.tsx';
import type { LensView } from './lens-view.ts';
import { objectsView } from './objects/view.tsx';
import { normsView } from './norms/view.tsx';
import { similarityView } from './similarity/view.tsx';
import { rolloutView } from './rollout/view.tsx';

const views: { readonly [L in LensId]: LensView<ParamsOf<L>, DrawingOf<L>, ResultOf<L>> } = {
  heads: headsView,
  layers: layersView,
  rollout: rolloutView,
  norms: normsView,
  similarity: similarityView,
  correspondences: correspondencesView,
  objects: objectsView,
  colours: coloursView,
};

/** A view for code that does not know the types of its parameters, drawing and result. */
export type AnyLensView = LensView<object, object, unknown>;

export const viewOf = (id: LensId): AnyLensView => views[id] as unknown as AnyLensView;
