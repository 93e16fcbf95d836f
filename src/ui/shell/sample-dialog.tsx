import { Images } from 'lucide-react';
import { useState } from 'react';
import { Dialog } from '../kit/dialog.tsx';
import { IconButton } from '../kit/icon-button.tsx';
import { useSamples } from './intake/use-samples.ts';
import { SampleGrid } from './sample-grid.tsx';

/** A press takes one sample; several are ticked first, or all are taken. */
export function SampleDialog({ onClose }: { readonly onClose: () => void }) {
  const { samples, openSeveral } = useSamples();
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const chosen = samples.filter(({ id }) => ticked.has(id));
  const several = chosen.length > 0 ? chosen : samples;
  const tick = (id: string, isTicked: boolean): void => {
    const others = [...ticked].filter((each) => each !== id);
    setTicked(new Set(isTicked ? [...others, id] : others));
  };
  return (
    <Dialog title="Sample photographs" onClose={onClose}>
      <p className="samples-all">
        <IconButton
          icon={Images}
          label={chosen.length > 0 ? `Use these ${chosen.length}` : `Use all ${samples.length}`}
          withText
          onClick={() => {
            openSeveral(several);
            onClose();
          }}
        />
      </p>
      <SampleGrid onOpened={onClose} ticked={ticked} onTick={tick} />
    </Dialog>
  );
}
