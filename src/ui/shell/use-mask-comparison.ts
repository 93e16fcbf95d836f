/** What is shown of a photograph, compared with its mask. */
import { useEffect, useMemo } from 'react';
import { useApp, useServices } from '../services.tsx';
import type { Outcome } from '../state/looks.ts';
import type { Photo, PhotoMask } from '../state/photo.ts';
import { foundIn } from './save-masks.ts';
import { compareWithMask, type MaskComparison } from './score-rows.ts';
import type { AnyScene } from './use-scene.ts';

export interface MaskedView {
  readonly photo: Photo;
  readonly mask: PhotoMask;
  readonly outcome: Outcome;
  readonly scene: AnyScene;
}

/** Asks for what is not counted yet of the mask. */
export function useMaskComparison({ photo, mask, outcome, scene }: MaskedView): MaskComparison {
  const { masks } = useServices();
  const found = useMemo(() => foundIn(outcome, scene), [outcome, scene]);
  const comparison = useMemo(() => compareWithMask(found, mask), [found, mask]);
  const isCounting = comparison.status === 'counting';
  // Asked again after an engine was lost.
  const engineStatus = useApp((state) => state.engine.status);
  useEffect(() => {
    if (isCounting) for (const { grid } of found) masks.count(photo.id, grid);
  }, [isCounting, found, masks, photo.id, mask.id, engineStatus]);
  return comparison;
}
