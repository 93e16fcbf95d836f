import { useRef } from 'react';
import { formatColour } from '../../render/colour-maps.ts';
import { headColours } from '../../render/head-colours.ts';
import { viewColour } from './painting/paint-overlay.ts';
import { useApp } from '../services.tsx';
import type { Outcome, Photo } from '../state/photo.ts';
import { markedPatch, shownQuery } from '../state/query.ts';
import type { View } from '../state/settings.ts';
import { shownView } from '../state/shown-view.ts';
import { viewTitle } from '../words.ts';
import { PhotoCanvas } from './photo-canvas.tsx';
import { useScrollIntoView } from '../kit/use-scroll-into-view.ts';
import './view-tiles.css';

/** A head's colour, the same wherever the head is named. */
export function HeadChip({ view, numHeads }: { readonly view: View; readonly numHeads: number }) {
  if (view === 'all') {
    const stops = headColours(numHeads).map(
      (colour, head) =>
        `${formatColour(colour)} ${(100 * head) / numHeads}% ${(100 * (head + 1)) / numHeads}%`,
    );
    return (
      <span
        className="head-chip head-chip-all"
        style={{ background: `linear-gradient(to right, ${stops.join(', ')})` }}
      />
    );
  }
  return <span className="head-chip" style={{ background: formatColour(viewColour(view, numHeads)) }} />;
}

interface ViewTileProps {
  readonly photo: Photo;
  readonly view: View;
  readonly numHeads: number;
  readonly aspect: number;
  readonly bitmap: ImageBitmap | null;
  readonly outcome: Outcome | null;
}

function ViewTile({ photo, view, numHeads, aspect, bitmap, outcome }: ViewTileProps) {
  const query = useApp((state) => shownQuery(photo, state.token));
  const selected = useApp((state) => shownView(state) === view);
  const setView = useApp((state) => state.setView);
  const tile = useRef<HTMLLabelElement>(null);
  useScrollIntoView(tile, selected);
  return (
    <label className="view-tile" data-view={view} ref={tile}>
      <input
        type="radio"
        name="view"
        className="covering-input"
        checked={selected}
        aria-label={viewTitle(view)}
        onChange={() => setView(view)}
      />
      <span className="view-tile-picture" style={{ aspectRatio: aspect }}>
        <PhotoCanvas
          bitmap={bitmap}
          outcome={outcome}
          view={view}
          query={query}
          marked={markedPatch(photo)}
          detail="tile"
          label={null}
        />
      </span>
      <span className="view-tile-label" aria-hidden="true">
        <HeadChip view={view} numHeads={numHeads} />
        {viewTitle(view)}
      </span>
    </label>
  );
}

type ViewTilesProps = Omit<ViewTileProps, 'view'>;

/** Every way to look at the selected photograph: all heads, their mean, each head. */
export function ViewTiles(props: ViewTilesProps) {
  const heads = Array.from({ length: props.numHeads }, (_, head) => head);
  return (
    <fieldset className="view-tiles">
      <legend className="visually-hidden">What to show</legend>
      {(['all', 'mean', ...heads] satisfies View[]).map((view) => (
        <ViewTile key={view} view={view} {...props} />
      ))}
    </fieldset>
  );
}
