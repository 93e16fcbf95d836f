import { useMemo, useRef } from 'react';
import { pictureSideFor } from '../engine/pictures.ts';
import { LayeredCanvas } from '../kit/layered-canvas.tsx';
import { useDeviceSize } from '../kit/use-canvas-layer.ts';
import { useApp } from '../services.tsx';
import type { Photo, PhotoId } from '../state/photo.ts';
import { columnsFor } from './grid-columns.ts';
import { PatchPicker } from './patch-picker.tsx';
import { usePicture } from './use-picture.ts';
import {
  asksSeveral,
  describePicture,
  frameOf,
  markedPatch,
  queryOf,
  stageLayers,
  useOutcome,
  useScene,
  useStableLayers,
} from './use-scene.ts';
import { allKey } from '../state/zoom.ts';
import { useView } from './use-view.ts';
import { ZoomArea } from './zoom-area.tsx';
import './photo-grid.css';

/** One photograph. A click asks a patch of it; where the lens asks none, it opens the photograph. */
function Cell({ photo }: { readonly photo: Photo }) {
  const { id, name } = photo;
  const isSelected = useApp((state) => state.selectedId === id);
  const select = useApp((state) => state.select);
  const setShowsAll = useApp((state) => state.setShowsAll);
  const outcome = useOutcome(photo);
  const scene = useScene(outcome);
  const marked = markedPatch(photo, outcome);
  const layers = useStableLayers(
    outcome === null || scene === null ? [] : stageLayers(scene, outcome, marked),
  );
  const picture = useRef<HTMLDivElement>(null);
  const size = useDeviceSize(picture);
  const view = useView(allKey);
  const bitmap = usePicture(
    id,
    size === null ? null : pictureSideFor(view.scale * Math.max(size.width, size.height)),
  );
  const shape = outcome === null ? bitmap : frameOf(outcome).photoSizePx;
  const aspect = shape === null ? 4 / 3 : shape.width / shape.height;
  const asks = outcome !== null && queryOf(outcome) !== null;
  return (
    <li className="grid-cell" data-selected={isSelected}>
      <div className="grid-picture" ref={picture} style={{ '--aspect': aspect }}>
        <ZoomArea of={allKey} draws={outcome !== null && asksSeveral(outcome)} className="grid-zoom">
          <LayeredCanvas
            bitmap={bitmap}
            layers={layers}
            detail="tile"
            label={describePicture(photo, outcome, scene)}
            view={view}
          />
          {asks ? (
            <PatchPicker
              photo={photo}
              frame={frameOf(outcome)}
              marked={marked}
              asksSeveral={asksSeveral(outcome)}
              isMain={isSelected}
              zoomKey={allKey}
              label={name}
            />
          ) : (
            <button
              type="button"
              className="grid-open"
              aria-label={`Show ${name}`}
              title={name}
              onClick={() => {
                select(id);
                setShowsAll(false);
              }}
            />
          )}
        </ZoomArea>
      </div>
    </li>
  );
}

/** All photographs that have an answer, beside each other, in the strip's order. */
export function PhotoGrid() {
  const order = useApp((state) => state.order);
  const photos = useApp((state) => state.photos);
  const shown = useMemo(
    () =>
      order.flatMap((id: PhotoId) => {
        const photo = photos[id];
        return photo === undefined || photo.state.status === 'failed' ? [] : [photo];
      }),
    [order, photos],
  );
  const area = useRef<HTMLOListElement>(null);
  const size = useDeviceSize(area);
  const columns = columnsFor(shown.length, size ?? { width: 4, height: 3 });
  return (
    <ol
      className="photo-grid"
      aria-label="All photographs"
      ref={area}
      style={{ '--columns': columns, '--rows': Math.ceil(shown.length / columns) }}
    >
      {shown.map((photo) => (
        <Cell key={photo.id} photo={photo} />
      ))}
    </ol>
  );
}
