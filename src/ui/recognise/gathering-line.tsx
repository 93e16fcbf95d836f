import { X } from 'lucide-react';
import { countOf } from '../../core/count-of.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { useRecognise, useServices } from '../services.tsx';
import type { Gathering } from './recognise-state.ts';

function describe({ progress, waitsForEngine }: Gathering): string {
  if (waitsForEngine) return 'It goes on as soon as the engine is ready.';
  if (progress === null) return 'The model is made ready …';
  const { done, total, known, failed, perSecond } = progress;
  const rate =
    perSecond === null ? '' : `, ${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)} a second`;
  return (
    `${done} of ${countOf(total, 'photograph')}${rate}` +
    `${known === 0 ? '' : `, ${known} kept already`}${failed === 0 ? '' : `, ${failed} could not be used`}`
  );
}

/** How far the photographs have come in, and a way to stop. */
export function GatheringLine() {
  const { recognise } = useServices();
  const gathering = useRecognise((state) => state.gathering);
  if (gathering === null) return null;
  const { progress } = gathering;
  return (
    <div className="gathering">
      <span id="gathering-words">{describe(gathering)}</span>
      <progress
        aria-labelledby="gathering-words"
        {...(progress === null ? {} : { value: progress.done, max: progress.total })}
      />
      <IconButton icon={X} label="Cancel" withText onClick={() => recognise.cancelGathering()} />
    </div>
  );
}
