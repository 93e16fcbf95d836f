import { useEffect, useState } from 'react';
import type { MapSnapshot, PinnedPhotograph } from '../../rpc/training-contract.ts';
import { ChoiceField } from '../kit/choice-field.tsx';
import { LayeredCanvas } from '../kit/layered-canvas.tsx';
import { ColourChip } from '../kit/colour-chip.tsx';
import { RangeField } from '../kit/range-field.tsx';
import { headColours } from '../../render/head-colours.ts';
import {
  colourOfHead,
  headLayers,
  headTitle,
  type HeadChoice,
  type HeadDrawing,
} from '../../render/head-layers.ts';
import { useApp } from '../services.tsx';
import { toImageData } from './pixels.ts';
import type { RunView } from './training-state.ts';
import './pinned-panel.css';

type Role = 'teacher' | 'student';

const drawn: HeadDrawing = {
  view: 'all',
  hidden: [],
  style: 'heat',
  mass: 60,
  smooth: true,
  contour: true,
  heatContour: false,
};

function usePinnedBitmap(pinned: PinnedPhotograph): ImageBitmap | null {
  const [bitmap, setBitmap] = useState<ImageBitmap | null>(null);
  useEffect(() => {
    let made: ImageBitmap | null = null;
    let wanted = true;
    const { pixels, size } = pinned;
    void createImageBitmap(toImageData(pixels, size.height, size.width)).then((ready) => {
      if (!wanted) return ready.close();
      made = ready;
      setBitmap(ready);
    });
    return () => {
      wanted = false;
      made?.close();
    };
  }, [pinned]);
  return bitmap;
}

interface TilesProps {
  readonly pinned: PinnedPhotograph;
  readonly snapshot: MapSnapshot;
  readonly role: Role;
}

function Tiles({ pinned, snapshot, role }: TilesProps) {
  const bitmap = usePinnedBitmap(pinned);
  const shared = useApp((state) => state.shared);
  const { rows, columns, numHeads, box, size: photoSizePx, inputSizePx } = pinned;
  const views: HeadChoice[] = ['all', 'mean', ...Array.from({ length: numHeads }, (_, head) => head)];
  const frame = { rows, columns, box, photoSizePx, inputSizePx };
  const heads = { numHeads, rows, columns, maps: snapshot[role] };
  const layersOf = (view: HeadChoice) => headLayers(frame, heads, { ...drawn, view }, shared);
  return (
    <ul className="pinned-tiles" data-map-step={snapshot.step}>
      {views.map((view) => (
        <li key={view}>
          <span className="pinned-picture" style={{ aspectRatio: pinned.size.width / pinned.size.height }}>
            <LayeredCanvas
              bitmap={bitmap}
              layers={layersOf(view)}
              detail="tile"
              label={`${headTitle(view)} of the ${role} after ${snapshot.step} steps`}
            />
          </span>
          <span className="pinned-label" aria-hidden="true">
            <ColourChip colours={view === 'all' ? headColours(numHeads) : [colourOfHead(view, numHeads)]} />
            {headTitle(view)}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The attention of the network in training on one photograph, now and at earlier steps. */
export function PinnedPanel({ run }: { readonly run: RunView }) {
  const { pinned, snapshots, saved, photographs } = run;
  const [role, setRole] = useState<Role>('teacher');
  /** The step that is shown; null for the latest. */
  const [step, setStep] = useState<number | null>(null);
  if (!pinned || snapshots.length === 0) return null;
  const found = step === null ? -1 : snapshots.findLastIndex((snapshot) => snapshot.step <= step);
  const at = found < 0 ? snapshots.length - 1 : found;
  const snapshot = snapshots[at];
  if (snapshot === undefined) return null;
  const isLatest = at === snapshots.length - 1;
  const name = photographs[saved?.pinned ?? 0];
  return (
    <section className="pinned" aria-labelledby="pinned-title">
      <h3 id="pinned-title" title={name}>
        Attention of CLS
        {name !== undefined && <span className="pinned-name"> on {name}</span>}
      </h3>
      <div className="pinned-controls">
        <ChoiceField
          label="Network"
          value={role}
          choices={[
            { value: 'teacher', label: 'Teacher' },
            { value: 'student', label: 'Student' },
          ]}
          onChange={setRole}
        />
        <RangeField
          label="After"
          min={0}
          max={Math.max(1, snapshots.length - 1)}
          value={at}
          display={`${snapshot.step} steps${isLatest ? ', now' : snapshot.step === 0 ? ', before' : ''}`}
          valueText={`after ${snapshot.step} steps`}
          onChange={(value) =>
            setStep(value >= snapshots.length - 1 ? null : (snapshots[value]?.step ?? null))
          }
        />
      </div>
      <Tiles pinned={pinned} snapshot={snapshot} role={role} />
    </section>
  );
}
