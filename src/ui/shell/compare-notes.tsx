import type { Agreement } from '../../render/compare-layers.ts';
import { formatPercent, formatScore, formatSigned } from '../kit/format.ts';
import { useApp } from '../services.tsx';
import type { Photo, PhotoMask } from '../state/photo.ts';
import type { ComparedSide, Comparison } from './comparison.ts';
import { useMaskComparison } from './use-mask-comparison.ts';

function agreementWords({ jaccard, share, rankCorrelation }: Agreement): string {
  const sentences: string[] = [];
  const masks = share === null || share === 1 ? 'The masks' : `Masks of ${formatPercent(share)}`;
  if (jaccard !== null)
    sentences.push(`${masks} share ${formatPercent(jaccard)} of their patches (Jaccard).`);
  if (rankCorrelation !== null) sentences.push(`Rank correlation ${formatSigned(rankCorrelation)}.`);
  return sentences.join(' ');
}

interface SideScoreProps {
  readonly photo: Photo;
  readonly mask: PhotoMask;
  readonly side: ComparedSide;
}

/** The best of the side's masks, as in the details. */
function SideScore({ photo, mask, side: { outcome, scene, name } }: SideScoreProps) {
  const comparison = useMaskComparison({ photo, mask, outcome, scene });
  const words = (): string => {
    if (comparison.status === 'counting') return '…';
    if (comparison.status === 'no-mask') return 'no mask is shown';
    const { masks, best } = comparison.scores;
    return `${formatScore(best.jaccard)}${masks === 1 ? '' : `, ${best.title}`} (Jaccard)`;
  };
  return (
    <p className="field-note">
      {name}, fit to the mask: {words()}
    </p>
  );
}

interface CompareNotesProps {
  readonly photo: Photo;
  readonly comparison: Comparison;
}

/** Numbers about a comparison, and why it may take long. */
export function CompareNotes({ photo, comparison: { own, other, agreement } }: CompareNotesProps) {
  const takesTurns = useApp((state) => state.takesTurns);
  const { mask } = photo;
  return (
    <>
      {takesTurns && (
        <p className="field-note">
          The two models do not fit on the device together: each is loaded again when its turn comes, so a
          change takes longer.
        </p>
      )}
      {agreement !== null && <p className="field-note">{agreementWords(agreement)}</p>}
      {mask !== null && (
        <>
          <SideScore photo={photo} mask={mask} side={own} />
          <SideScore photo={photo} mask={mask} side={other} />
        </>
      )}
    </>
  );
}
