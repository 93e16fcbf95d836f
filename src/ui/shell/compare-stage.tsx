import { type ReactNode, useMemo, useRef, useState } from 'react';
import { viewOf } from '../../lenses/views.ts';
import { differenceLayer } from '../../render/compare-layers.ts';
import { LayeredCanvas } from '../kit/layered-canvas.tsx';
import { SheetCanvas } from '../kit/sheet-canvas.tsx';
import { useDeviceSize } from '../kit/use-canvas-layer.ts';
import { useApp } from '../services.tsx';
import type { Photo } from '../state/photo.ts';
import { aspectOf, type ComparedSide, type Comparison } from './comparison.ts';
import { columnsFor } from './grid-columns.ts';
import { PatchPicker } from './patch-picker.tsx';
import { asksSeveral, describePicture, frameOf, markedPatch, queryOf, useOutlined } from './use-scene.ts';
import { sheetKey } from '../state/zoom.ts';
import { useView } from './use-view.ts';
import { ZoomArea } from './zoom-area.tsx';
import '../kit/fields.css';
import './compare-stage.css';

interface SideProps {
  readonly photo: Photo;
  readonly bitmap: ImageBitmap | null;
  readonly side: ComparedSide;
  readonly isOwn: boolean;
}

const labelOf = (photo: Photo, { outcome, scene, name }: ComparedSide): string =>
  `${name}: ${describePicture(photo, outcome, scene)}`;

const sheetOf = ({ outcome, scene }: ComparedSide) => viewOf(outcome.look.lens).sheet?.(scene) ?? null;

/** A click asks the patch on both sides. */
function Picker({ photo, side, isMain }: Omit<SideProps, 'bitmap' | 'isOwn'> & { readonly isMain: boolean }) {
  const { outcome } = side;
  if (queryOf(outcome) === null) return null;
  return (
    <PatchPicker
      photo={photo}
      frame={frameOf(outcome)}
      marked={markedPatch(photo, outcome)}
      asksSeveral={asksSeveral(outcome)}
      isMain={isMain}
      label={side.name}
    />
  );
}

function SidePicture({ photo, bitmap, side, isOwn }: SideProps) {
  const { outcome, layers } = side;
  const changeDrawing = useApp((state) => state.changeDrawing);
  // The settings of the other side are then its own, and stay.
  const isFixed = useApp((state) => !isOwn && (state.against?.look ?? null) !== null);
  const sheet = useMemo(() => sheetOf(side), [side]);
  const view = useView(photo.id);
  const sheetView = useView(sheetKey(photo.id));
  const outlined = useOutlined(photo, outcome, layers);
  const label = labelOf(photo, side);
  return sheet === null ? (
    <LayeredCanvas bitmap={bitmap} layers={outlined} detail="stage" label={label} view={view} />
  ) : (
    <SheetCanvas
      bitmap={bitmap}
      sheet={sheet}
      aspect={aspectOf(side)}
      label={label}
      view={sheetView}
      onChoose={(row, column) => {
        if (!isFixed) changeDrawing(sheet.changes[row]?.[column] ?? {});
      }}
    />
  );
}

/** A name lies on its picture. It is in the picture's label already. */
const Name = ({ of: { name } }: { readonly of: ComparedSide }) => (
  <span className="compare-name" aria-hidden="true">
    {name}
  </span>
);

interface SideAreaProps {
  readonly photo: Photo;
  readonly side: ComparedSide;
  readonly aspect: number;
  readonly children: ReactNode;
}

function SideArea({ photo, side, aspect, children }: SideAreaProps) {
  const isSheet = sheetOf(side) !== null;
  return (
    <ZoomArea
      of={isSheet ? sheetKey(photo.id) : photo.id}
      draws={!isSheet && asksSeveral(side.outcome)}
      style={{ '--aspect': aspect }}
    >
      {children}
    </ZoomArea>
  );
}

interface CompareProps {
  readonly photo: Photo;
  readonly bitmap: ImageBitmap | null;
  readonly comparison: Comparison;
}

function Sides({ photo, bitmap, comparison }: CompareProps) {
  const area = useRef<HTMLDivElement>(null);
  const size = useDeviceSize(area);
  const { own, other } = comparison;
  const aspect = aspectOf(own);
  const columns = columnsFor(2, size ?? { width: 2, height: 1 }, aspect);
  return (
    <div className="compare-sides" ref={area} style={{ '--columns': columns, '--rows': 2 / columns }}>
      {[own, other].map((side, at) => (
        <div className="compare-side" key={at === 0 ? 'own' : 'other'} data-sheet={sheetOf(side) !== null}>
          <SideArea photo={photo} side={side} aspect={aspect}>
            <SidePicture photo={photo} bitmap={bitmap} side={side} isOwn={at === 0} />
            <Picker photo={photo} side={side} isMain={at === 0} />
            <Name of={side} />
          </SideArea>
        </div>
      ))}
    </div>
  );
}

/** The usual picture to the left of a line, the other one to its right. */
function Swipe({ photo, bitmap, comparison: { own, other } }: CompareProps) {
  const [percent, setPercent] = useState(50);
  return (
    <ZoomArea of={photo.id} draws={asksSeveral(own.outcome)} style={{ '--swipe': `${percent}%` }}>
      <SidePicture photo={photo} bitmap={bitmap} side={own} isOwn />
      <div className="compare-over">
        <SidePicture photo={photo} bitmap={bitmap} side={other} isOwn={false} />
      </div>
      <Picker photo={photo} side={own} isMain />
      {[own, other].map((side, at) => (
        <div className="compare-half" key={at === 0 ? 'own' : 'other'} data-right={at === 1}>
          <Name of={side} />
        </div>
      ))}
      <div className="compare-line" aria-hidden="true" />
      <div className="range compare-swipe">
        <input
          type="range"
          min={0}
          max={100}
          value={percent}
          aria-label="Line between the two pictures"
          aria-valuetext={`${percent} per cent ${own.name}, the rest ${other.name}`}
          onChange={(event) => setPercent(event.currentTarget.valueAsNumber)}
        />
      </div>
    </ZoomArea>
  );
}

/** Two pictures of one photograph: beside each other, one over the other with a line to move, or what differs. */
export function CompareStage({ photo, bitmap, comparison }: CompareProps) {
  const view = useApp((state) => state.comparisonView);
  const opacity = useApp((state) => state.shared.opacityPercent / 100);
  const part = useView(photo.id);
  const { own, other } = comparison;
  // None where the sides have no maps of one grid: they are shown beside each other then.
  const layers = useMemo(() => {
    const difference = differenceLayer(own.layers, other.layers, opacity);
    return difference === null ? [] : [difference];
  }, [own.layers, other.layers, opacity]);
  if (view === 'difference' && layers.length > 0)
    return (
      <ZoomArea of={photo.id} draws={asksSeveral(own.outcome)}>
        <LayeredCanvas
          bitmap={bitmap}
          layers={layers}
          view={part}
          detail="stage"
          label={`${(photo.alt ?? photo.name).replace(/\.$/, '')}: red where “${own.name}” is brighter, blue where “${other.name}” is brighter.`}
        />
        <Picker photo={photo} side={own} isMain />
      </ZoomArea>
    );
  const hasSheet = [own, other].some((side) => sheetOf(side) !== null);
  return view === 'swipe' && !hasSheet ? (
    <Swipe photo={photo} bitmap={bitmap} comparison={comparison} />
  ) : (
    <Sides photo={photo} bitmap={bitmap} comparison={comparison} />
  );
}
