import { useMemo, useRef } from 'react';
import type { LensTile } from '../../lenses/lens-view.ts';
import { ColourChip } from '../kit/colour-chip.tsx';
import { LayeredCanvas } from '../kit/layered-canvas.tsx';
import { useScrollIntoView } from '../kit/use-scroll-into-view.ts';
import { useApp } from '../services.tsx';
import type { Photo } from '../state/photo.ts';
import { frameOf, markedPatch, useLensView, useOutcome, useScene, useStableLayers } from './use-scene.ts';
import './lens-tiles.css';

interface TileProps {
  readonly tile: LensTile<object>;
  readonly aspect: number;
  readonly bitmap: ImageBitmap | null;
}

function Tile({ tile, aspect, bitmap }: TileProps) {
  const changeDrawing = useApp((state) => state.changeDrawing);
  const element = useRef<HTMLLabelElement>(null);
  const layers = useStableLayers(tile.layers);
  useScrollIntoView(element, tile.isShown);
  return (
    <label className="lens-tile" data-tile={tile.id} ref={element}>
      <input
        type="radio"
        name="tile"
        className="covering-input"
        checked={tile.isShown}
        aria-label={tile.title}
        onChange={() => changeDrawing(tile.change)}
      />
      <span className="lens-tile-picture" style={{ aspectRatio: aspect }}>
        <LayeredCanvas bitmap={bitmap} layers={layers} detail="tile" label={null} />
      </span>
      <span className="lens-tile-label" aria-hidden="true">
        <ColourChip colours={tile.chip} />
        {tile.title}
      </span>
    </label>
  );
}

interface LensTilesProps {
  readonly photo: Photo;
  readonly aspect: number;
  readonly bitmap: ImageBitmap | null;
}

/** Before a model is there, so that the photograph has its place at once: the tiles that do not depend on it. */
const noModel = { numHeads: 0, depth: 0 };

/** The lens's ways to draw the result, as small pictures to choose from. */
export function LensTiles({ photo, aspect, bitmap }: LensTilesProps) {
  const view = useLensView();
  const outcome = useOutcome(photo);
  const scene = useScene(outcome);
  const drawing = useApp((state) => state.drawings[state.lens]);
  const used = useApp((state) => state.models.used?.description);
  const model = outcome?.model ?? used ?? noModel;
  const tiles = useMemo(() => view.tiles(scene, drawing, model), [view, scene, drawing, model]);
  const patch = markedPatch(photo, outcome);
  if (tiles.length === 0) return null;
  return (
    <fieldset className="lens-tiles">
      <legend className="visually-hidden">What to show</legend>
      {tiles.map((tile) => {
        const marked =
          patch === null || outcome === null
            ? tile.layers
            : [...tile.layers, { kind: 'mark', frame: frameOf(outcome), patch } as const];
        return <Tile key={tile.id} tile={{ ...tile, layers: marked }} aspect={aspect} bitmap={bitmap} />;
      })}
    </fieldset>
  );
}
