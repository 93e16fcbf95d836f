import { Braces, Scissors, Square } from 'lucide-react';
import { useState } from 'react';
import type { FoundMask } from '../../core/found-mask.ts';
import { Dialog } from '../kit/dialog.tsx';
import { IconButton } from '../kit/icon-button.tsx';
import { formatSize } from '../../core/geometry.ts';
import { foundIn, saveBoxes, saveMasks } from './save-masks.ts';
import type { StagePicture } from './save-picture.ts';
import { frameOf } from './use-scene.ts';
import { withUnit } from '../../core/with-unit.ts';
import './mask-dialog.css';

interface MaskDialogProps {
  readonly picture: StagePicture;
  readonly onClose: () => void;
}

interface Row {
  readonly title: string;
  readonly masks: readonly FoundMask[];
}

/** Each mask, and before them all together where there are several. */
const rowsOf = (found: readonly FoundMask[]): Row[] => [
  ...(found.length > 1 ? [{ title: 'All together', masks: found }] : []),
  ...found.map((mask) => ({ title: mask.title, masks: [mask] })),
];

/** What to save of the masks that are shown. */
export function MaskDialog({ picture, onClose }: MaskDialogProps) {
  const [state, setState] = useState<'ready' | 'saving' | 'failed'>('ready');
  const isSaving = state === 'saving';
  const found = foundIn(picture.outcome, picture.scene);
  const save = async (as: 'mask' | 'cut-out', masks: readonly FoundMask[]): Promise<void> => {
    if (isSaving) return;
    setState('saving');
    setState((await saveMasks(picture, as, masks)) ? 'ready' : 'failed');
  };
  return (
    <Dialog title="Save cut-out, mask, boxes" onClose={onClose}>
      <p>
        Of the photograph’s size, {withUnit(formatSize(frameOf(picture.outcome).photoSizePx), 'px')}. A
        cut-out is transparent outside of the mask. Masks are saved as they were found, not smoothed.
      </p>
      <ul className="mask-rows" aria-busy={isSaving}>
        {rowsOf(found).map(({ title, masks }) => (
          <li key={title}>
            <span>{title}</span>
            <IconButton
              icon={Scissors}
              label="Cut-out"
              withText
              aria-label={`Cut-out: ${title}`}
              aria-disabled={isSaving}
              onClick={() => void save('cut-out', masks)}
            />
            <IconButton
              icon={Square}
              label="Mask"
              withText
              aria-label={`Mask: ${title}`}
              aria-disabled={isSaving}
              onClick={() => void save('mask', masks)}
            />
          </li>
        ))}
        <li>
          <span>The rectangles around them, as JSON</span>
          <IconButton icon={Braces} label="Boxes" withText onClick={() => saveBoxes(picture)} />
        </li>
      </ul>
      <p role="status">
        {isSaving && 'Saving …'}
        {state === 'failed' && 'The file could not be made. Try again in a moment.'}
      </p>
    </Dialog>
  );
}
