import { Layers2, Table2, Undo2 } from 'lucide-react';
import { isPngName } from '../../core/file-names.ts';
import type { Fact } from '../kit/fact-list.tsx';
import { FactList } from '../kit/fact-list.tsx';
import { countOf } from '../../core/count-of.ts';
import { formatPercent, formatScore } from '../kit/format.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { SwitchField } from '../kit/switch-field.tsx';
import { useApp, useServices } from '../services.tsx';
import type { Outcome } from '../state/looks.ts';
import type { Photo, PhotoMask } from '../state/photo.ts';
import { lensesWithMasks } from './save-masks.ts';
import type { MaskComparison } from './score-rows.ts';
import { useMaskComparison, type MaskedView } from './use-mask-comparison.ts';
import type { AnyScene } from './use-scene.ts';
import './mask-panel.css';

const jaccardText =
  'Jaccard index: the pixels that both masks hold, divided by those that either holds; 1 where they are the same. Of several objects in the mask each counts by itself, and this is their mean.';

function scoreFacts(comparison: MaskComparison): Fact[] {
  switch (comparison.status) {
    case 'no-mask':
      return [
        ['Fit to the mask', 'none shown', `The lens shows no mask now. ${lensesWithMasks()} make masks.`],
      ];
    case 'counting':
      return [['Fit to the mask', '…', jaccardText]];
    case 'scored': {
      const { masks, first, best } = comparison.scores;
      const box: Fact = [
        'Fit of its box',
        formatScore(first.overlap),
        `Intersection over union of the box of ${first.title.toLowerCase()} and the box around an object of the mask, the one that it fits best. From 0.5 on the object counts as found.`,
      ];
      if (masks === 1) return [['Fit to the mask', formatScore(first.jaccard), jaccardText], box];
      return [
        [
          'Fit to the mask',
          `${formatScore(best.jaccard)}, ${best.title}`,
          `The best of ${masks} masks. ${jaccardText}`,
        ],
        [`Fit of ${first.title}`, formatScore(first.jaccard), 'Of the first mask.'],
        box,
      ];
    }
  }
}

function maskFacts({ name, facts: { count, borderShare } }: PhotoMask): Fact[] {
  const facts: Fact[] = [['Mask', `${name}, ${countOf(count, 'object')}`]];
  if (borderShare > 0)
    facts.push([
      'Border',
      `${formatPercent(borderShare)}, not counted`,
      'Pixels of the mask that are neither object nor background, as in PASCAL VOC. They do not count.',
    ]);
  return facts;
}

/** The mask's facts, and how well what is shown fits it. */
function ScoredMask(view: MaskedView) {
  const { photo, mask } = view;
  const { masks } = useServices();
  const setDialog = useApp((state) => state.setDialog);
  const maskShown = useApp((state) => state.maskShown);
  const setMaskShown = useApp((state) => state.setMaskShown);
  const comparison = useMaskComparison(view);
  return (
    <>
      <FactList facts={[...maskFacts(mask), ...scoreFacts(comparison)]} />
      <SwitchField label="Outline of the mask" inLine checked={maskShown} onChange={setMaskShown} />
      <div className="mask-actions">
        <IconButton icon={Table2} label="All scores" withText onClick={() => setDialog('scores')} />
        <IconButton icon={Undo2} label="Not its mask" withText onClick={() => masks.release(photo.id)} />
      </div>
    </>
  );
}

interface MaskPanelProps {
  readonly photo: Photo;
  readonly outcome: Outcome;
  readonly scene: AnyScene;
}

/** In the details: a photograph's mask, or the way to make this picture the mask of another. */
export function MaskPanel({ photo, outcome, scene }: MaskPanelProps) {
  const setDialog = useApp((state) => state.setDialog);
  const isAlone = useApp((state) => state.order.length < 2);
  if (photo.mask !== null)
    return (
      <div className="mask-panel">
        <ScoredMask photo={photo} mask={photo.mask} outcome={outcome} scene={scene} />
      </div>
    );
  // Masks are PNGs.
  if (isAlone || !(isPngName(photo.name) || photo.blob.type === 'image/png')) return null;
  return (
    <div className="mask-panel mask-actions">
      <IconButton icon={Layers2} label="Use as the mask of …" withText onClick={() => setDialog('mask')} />
    </div>
  );
}
