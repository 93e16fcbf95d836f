/** The two sides of a comparison, for components that do not depend on a lens. */
import { useMemo } from 'react';
import { viewOf } from '../../lenses/views.ts';
import { agreementIn, type Agreement } from '../../render/compare-layers.ts';
import type { Layer } from '../../render/layers.ts';
import { useApp } from '../services.tsx';
import { otherSide, shownOutcome, type Outcome } from '../state/looks.ts';
import type { Photo } from '../state/photo.ts';
import {
  frameOf,
  markedPatch,
  sceneOf,
  stageLayers,
  useOutcome,
  useScene,
  useStableLayers,
  type AnyScene,
} from './use-scene.ts';

/** One side. */
export interface ComparedSide {
  readonly outcome: Outcome;
  readonly scene: AnyScene;
  readonly layers: readonly Layer[];
  /** What tells it from the other side. */
  readonly name: string;
}

export interface Comparison {
  readonly own: ComparedSide;
  readonly other: ComparedSide;
  /** Null where the sides do not draw one map each, on the same grid. */
  readonly agreement: Agreement | null;
}

/** The models' names, else the lenses', else which settings are older. */
function namesOf(own: Outcome, other: Outcome): readonly [string, string] {
  if (own.look.model !== other.look.model) return [own.model.title, other.model.title];
  const [one, second] = [own, other].map(({ look }) => viewOf(look.lens).contract.title) as [string, string];
  return one === second ? [`${one}, now`, `${second}, as it was`] : [one, second];
}

/** @returns null where nothing is compared, or while one side has no result */
export function useComparison(photo: Photo): Comparison | null {
  const own = useOutcome(photo);
  const ownScene = useScene(own);
  const other = useApp((state) => {
    const side = otherSide(state);
    return side === null ? null : shownOutcome(side, photo, 'against');
  });
  const look = useApp((state) => state.against?.look ?? null);
  const drawings = useApp((state) => state.drawings);
  const shared = useApp((state) => state.shared);
  const otherScene = useMemo(() => {
    if (other === null) return null;
    const its = look === null ? drawings : { ...drawings, [look.lens]: look.drawing };
    return sceneOf(other, its, shared);
  }, [other, look, drawings, shared]);
  const ownLayers = useStableLayers(
    own === null || ownScene === null || other === null
      ? []
      : stageLayers(ownScene, own, markedPatch(photo, own)),
  );
  const otherLayers = useStableLayers(
    other === null || otherScene === null ? [] : stageLayers(otherScene, other, markedPatch(photo, other)),
  );
  return useMemo(() => {
    if (own === null || other === null || ownScene === null || otherScene === null) return null;
    const [ownName, otherName] = namesOf(own, other);
    return {
      own: { outcome: own, scene: ownScene, layers: ownLayers, name: ownName },
      other: { outcome: other, scene: otherScene, layers: otherLayers, name: otherName },
      agreement: agreementIn(ownLayers, otherLayers),
    };
  }, [own, other, ownScene, otherScene, ownLayers, otherLayers]);
}

export const aspectOf = ({ outcome }: ComparedSide): number => {
  const { width, height } = frameOf(outcome).photoSizePx;
  return width / height;
};
