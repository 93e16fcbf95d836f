import { overlapsFor, wholeGridOf, type Overlap } from '../../core/overlap.ts';
import { keyOfFraming } from '../../core/photo.ts';
import { ChoiceField } from '../kit/choice-field.tsx';
import { useApp, useServices } from '../services.tsx';
import { framingInUse, type Outcome } from '../state/looks.ts';
import type { Photo } from '../state/photo.ts';
import { describeLargerOverlaps, overlapTitles } from './describe-overlap.ts';
import { frameOf, useOutcome } from './use-scene.ts';

/** The cost of overlaps larger than the present one; empty while the photograph's grid at this size is not known. */
function useCosts(outcome: Outcome | null, overlap: Overlap): string[] {
  const used = useApp((state) => state.models.used);
  const framing = useApp((state) => state.framing);
  if (outcome === null || used === null || outcome.look.model !== used.key) return [];
  const { overlap: measuredOverlap = 1, ...size } = outcome.look.framing;
  if (keyOfFraming(size) !== keyOfFraming({ ...framing, overlap: 1 })) return [];
  return describeLargerOverlaps({
    model: used.description,
    wholeGrid: wholeGridOf(frameOf(outcome), measuredOverlap),
    overlap,
    measured: { overlap: measuredOverlap, forwardMs: outcome.looked.passes[0]?.timings.forwardMs ?? 0 },
  });
}

/** Finer maps by patches that overlap. Not there for networks whose patches cannot be divided. */
export function OverlapField({ photo }: { readonly photo: Photo }) {
  const { session } = useServices();
  const framing = useApp((state) => state.framing);
  const overlap = useApp((state) => framingInUse(state).overlap ?? 1);
  const patchSizePx = useApp((state) => state.models.used?.description.patchSizePx ?? 1);
  const costs = useCosts(useOutcome(photo), overlap);
  const usable = overlapsFor(patchSizePx);
  if (usable.length === 1) return null;
  return (
    <ChoiceField<Overlap>
      label="Overlapping patches"
      value={overlap}
      explanation={
        'A patch begins every half (2 ×) or quarter (4 ×) of a patch, so maps are two or four times as fine in each direction. The ' +
        'network’s positions are interpolated between those that it learned. All tokens look at all others, so the time grows ' +
        'faster than their number.'
      }
      choices={usable.map((value) => ({ value, label: overlapTitles[value] }))}
      onChange={(next) => session.changeFraming({ ...framing, overlap: next })}
      {...(costs.length === 0 ? {} : { note: costs.join('\n') })}
    />
  );
}
