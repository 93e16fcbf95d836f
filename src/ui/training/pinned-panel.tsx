import { useEffect, useState } from 'react';
import type { AttentionResult } from '../../rpc/engine-contract.ts';
import type { MapSnapshot, PinnedPhotograph } from '../../rpc/training-contract.ts';
import { ChoiceField } from '../kit/choice-field.tsx';
import { PhotoCanvas } from '../shell/photo-canvas.tsx';
import { RangeField } from '../kit/range-field.tsx';
import { HeadChip } from '../shell/view-tiles.tsx';
import type { View } from '../state/settings.ts';
import { viewTitle } from '../words.ts';
import { toImageData } from './pixels.ts';
import type { RunView } from './training-state.ts';

type Role = 'teacher' | 'student';

/** One result for each maps and role: drawing keeps what it has worked out by it. */
const results = new WeakMap<Float32Array, { readonly result: AttentionResult }>();

function resultOf(
  pinned: PinnedPhotograph,
  maps: Float32Array<ArrayBuffer>,
): { readonly result: AttentionResult } {
  const known = results.get(maps);
  if (known) return known;
  const { rows, columns, numHeads, box, size, inputSizePx } = pinned;
  const made = {
    result: {
      numHeads,
      numRegisters: 0,
      rows,
      columns,
      maps,
      registerMaps: new Float32Array(),
      specialShares: new Float32Array(numHeads),
      box,
      photoSizePx: size,
      inputSizePx,
      tokens: 1 + rows * columns,
      decodeMs: 0,
      prepareMs: 0,
      forwardMs: 0,
      notices: [],
    },
  };
  results.set(maps, made);
  return made;
}

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
  const outcome = resultOf(pinned, snapshot[role]);
  const views: View[] = ['all', 'mean', ...Array.from({ length: pinned.numHeads }, (_, head) => head)];
  return (
    <ul className="pinned-tiles" data-map-step={snapshot.step}>
      {views.map((view) => (
        <li key={view}>
          <span className="view-tile-picture" style={{ aspectRatio: pinned.size.width / pinned.size.height }}>
            <PhotoCanvas
              bitmap={bitmap}
              outcome={outcome}
              view={view}
              query={0}
              marked={null}
              detail="tile"
              label={`${viewTitle(view)} of the ${role} after ${snapshot.step} steps`}
            />
          </span>
          <span className="view-tile-label" aria-hidden="true">
            <HeadChip view={view} numHeads={pinned.numHeads} />
            {viewTitle(view)}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** What the network that trains looks at on one photograph, and what it looked at before. */
export function PinnedPanel({ run }: { readonly run: RunView }) {
  const { pinned, snapshots, saved, photographs } = run;
  const [role, setRole] = useState<Role>('teacher');
  /** Null follows the run. */
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
