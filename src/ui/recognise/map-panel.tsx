import { Filter as FilterIcon, LocateFixed, X } from 'lucide-react';
import { useEffect } from 'react';
import { describeFailure } from '../../core/failure.ts';
import { ChoiceField } from '../kit/choice-field.tsx';
import { countOf } from '../../core/count-of.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { WarningMark } from '../kit/warning-mark.tsx';
import { useApp, useRecognise, useServices } from '../services.tsx';
import { useCoarsePointer } from '../shell/use-page-effects.ts';
import { nearestOnMap, placeOf } from './map-geometry.ts';
import type { MapMethod } from './recognise-state.ts';

const methods: readonly { readonly value: MapMethod; readonly label: string }[] = [
  { value: 'pca', label: 'PCA' },
  { value: 'umap', label: 'UMAP' },
];

/** How many the keyboard's way to draw round selects. */
const around = 10;

/** How the map is laid out, and what is selected on it. */
export function MapPanel() {
  const { recognise } = useServices();
  const map = useRecognise((state) => state.map);
  const method = useRecognise((state) => state.mapMethod);
  const id = useRecognise((state) => state.open?.kept.id);
  const cursor = useRecognise((state) => state.cursor);
  const selected = useRecognise((state) => state.selected);
  const filter = useRecognise((state) => state.filter);
  const feature = useRecognise((state) => state.feature);
  // Anew after photographs were taken out: the others have other indices.
  const pictures = useRecognise((state) => state.open?.pictures);
  const isTouch = useCoarsePointer();
  const isReady = useApp((state) => state.engine.status === 'ready');
  const isGathering = useRecognise((state) => state.gathering !== null);
  // Of the photographs that are there now; after more have come it is laid out again.
  useEffect(() => {
    if (isReady && !isGathering && id !== undefined)
      void recognise.layOut(recognise.store.getState().mapMethod);
    return () => recognise.cancelMap();
  }, [recognise, id, pictures, feature, isReady, isGathering]);
  const selectAround = (): void => {
    const { arranged } = recognise.store.getState();
    const from = cursor === null || map.value === null ? null : placeOf(map.value, cursor);
    if (from !== null && map.value !== null)
      recognise.selectItems(nearestOnMap(map.value, arranged, from, around));
  };
  const showSelected = (): void => {
    const indices = [...selected];
    recognise.setFilter({
      kind: 'picked',
      indices,
      words: `${countOf(indices.length, 'photograph')} from the map`,
    });
  };
  return (
    <section className="map-panel" aria-labelledby="map-title">
      <h3 id="map-title">Map</h3>
      <ChoiceField
        label="Laid out by"
        choices={methods}
        value={method}
        explanation="PCA: the two directions in which the photographs differ most, at once. UMAP: neighbours stay neighbours; takes longer, and distances between far groups mean little. The same map each time."
        onChange={(next) => void recognise.layOut(next)}
      />
      {map.status === 'asking' && (
        <div className="probe-progress">
          <progress
            aria-label="Laying out the map"
            {...(map.share === null ? {} : { value: map.share, max: 1 })}
          />
          <IconButton icon={X} label="Cancel the map" onClick={() => recognise.cancelMap()} />
        </div>
      )}
      {map.status === 'failed' && (
        <p className="side-failure">
          <WarningMark />
          {describeFailure(map.failure)}
        </p>
      )}
      <p className="side-note">
        {isTouch
          ? 'Drag to move, two fingers to zoom; switch “Draw round to select” on to draw round photographs.'
          : 'Drag to move, the wheel or two fingers to zoom; Shift and drag to draw round photographs.'}{' '}
        Filled dots and whole frames have a class, the others were voted into it.
      </p>
      <div className="side-buttons">
        <IconButton
          icon={LocateFixed}
          label={`Select the ${around} nearest`}
          withText
          disabled={cursor === null || map.value === null}
          onClick={selectAround}
        />
        {filter.kind === 'picked' ? (
          <IconButton
            icon={X}
            label="Show all"
            withText
            onClick={() => recognise.setFilter({ kind: 'all' })}
          />
        ) : (
          <IconButton
            icon={FilterIcon}
            label="Show only the selected"
            withText
            disabled={selected.size === 0}
            onClick={showSelected}
          />
        )}
      </div>
      <p className="side-note">{countOf(selected.size, 'photograph')} selected.</p>
    </section>
  );
}
