import type { Layer } from '../../render/layers.ts';
import type { PictureView } from '../../render/picture-view.ts';
import type { Beside } from '../../render/pair.ts';
import { PairCanvas } from '../kit/pair-canvas.tsx';
import type { Outcome } from '../state/looks.ts';
import { usePicture } from './use-picture.ts';
import { frameOf } from './use-scene.ts';

interface StagePairProps {
  readonly bitmap: ImageBitmap | null;
  readonly outcome: Outcome;
  /** Over the first photograph. */
  readonly layers: readonly Layer[];
  readonly beside: Beside;
  /** What `usePicture` takes. */
  readonly sidePx: number | null;
  readonly label: string;
  readonly view: PictureView;
}

/** The selected photograph and, beside it, the second one that a look at a pair asked about. */
export function StagePair({ bitmap, outcome, layers, beside, sidePx, label, view }: StagePairProps) {
  const second = usePicture(outcome.look.of[0] ?? null, sidePx);
  return (
    <PairCanvas
      first={bitmap}
      second={second}
      frame={frameOf(outcome)}
      layers={layers}
      beside={beside}
      label={label}
      view={view}
    />
  );
}
