import { ImagePlus } from 'lucide-react';
import { IconButton } from '../kit/icon-button.tsx';
import { useCoarsePointer } from './use-page-effects.ts';
import { SampleGrid } from './sample-grid.tsx';
import './empty-state.css';

/** The first screen: what the page does, and sample photographs to start with. */
export function EmptyState({ onAdd }: { readonly onAdd: () => void }) {
  const isTouch = useCoarsePointer();
  return (
    <main className="empty" id="content" tabIndex={-1}>
      <h2>See what a Vision Transformer looks at.</h2>
      <div className="empty-words">
        <p className="empty-lead">
          DINO taught itself to see, from photographs without a single label. Show it one of yours, and every
          attention head draws where it looks, patch by patch.
        </p>
        <div className="empty-ways">
          <IconButton
            icon={ImagePlus}
            label="Choose photographs"
            withText
            className="icon-button-primary"
            onClick={onAdd}
          />
          <p>{isTouch ? '' : 'or drop them anywhere, or paste one. '}They stay on this machine.</p>
        </div>
      </div>
      <section className="empty-samples" aria-label="Sample photographs">
        <h3>Or begin with one of these</h3>
        <SampleGrid />
      </section>
    </main>
  );
}
