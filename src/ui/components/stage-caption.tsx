import { Check, Copy, Download } from 'lucide-react';
import { useState } from 'react';
import { formatSize } from '../../core/geometry.ts';
import { mapsOf } from '../painting/result-maps.ts';
import { canCopyPicture, copyPicture, savePicture } from '../painting/save-picture.ts';
import { useApp, useServices } from '../services.tsx';
import { type Outcome, type Photo, visibleOutcome } from '../state/photo.ts';
import { drawnStyle, isSmooth, type OverlaySettings, type View } from '../state/settings.ts';
import { backendTitles, countOf, describePhotoNotice, formatMilliseconds, viewTitle } from '../words.ts';
import { IconButton } from './icon-button.tsx';
import { HeadChip } from './view-tiles.tsx';
import './stage-caption.css';

/** What is to be seen, in one sentence. */
function describeView({ result }: Outcome, view: View, settings: OverlaySettings): string {
  const { massPercent } = settings;
  const patches = result.rows * result.columns;
  const isInterpolated = drawnStyle(view, settings) === 'mask' && isSmooth(view, settings);
  const note = isInterpolated ? ' Its edge is interpolated between the patches.' : '';
  if (view === 'all') return `Each colour is a head and holds ${massPercent} % of its attention.${note}`;
  const { keptPatches } = mapsOf(result)
    .drawing(view)
    .threshold(massPercent / 100);
  const keeps = `${massPercent} % of its attention lies on ${keptPatches} of ${countOf(patches, 'patch', 'patches')}`;
  return view === 'mean'
    ? `The mean over ${countOf(result.numHeads, 'head')}: ${keeps}.${note}`
    : `${viewTitle(view)}: ${keeps}.${note}`;
}

function Legend({ numHeads }: { readonly numHeads: number }) {
  return (
    <ul className="caption-legend" aria-label="Head colours">
      {Array.from({ length: numHeads }, (_, head) => (
        <li key={head}>
          <HeadChip view={head} numHeads={numHeads} />
          {viewTitle(head)}
        </li>
      ))}
    </ul>
  );
}

function Data({ outcome: { result, model, backend } }: { readonly outcome: Outcome }) {
  const items: readonly (readonly [name: string, value: string, title?: string])[] = [
    ['Model', model.title],
    ['Back end', backendTitles[backend.name], backend.device],
    [
      'Forward pass',
      formatMilliseconds(result.forwardMs),
      `Before it: decoding ${formatMilliseconds(result.decodeMs)}, resampling ${formatMilliseconds(result.prepareMs)}`,
    ],
    ['Tokens', String(result.tokens)],
    ['Input', `${formatSize(result.inputSizePx)} px`],
    ['Rows × columns', `${result.rows} × ${result.columns}`],
  ];
  return (
    <dl className="caption-data">
      {items.map(([name, value, title]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd title={title}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function PictureActions({ photo, outcome }: { readonly photo: Photo; readonly outcome: Outcome }) {
  const { store, pictures } = useServices();
  const [copied, setCopied] = useState(false);
  const explain = (): void => {
    store.getState().say('The picture could not be made. Try again in a moment.', 'warning');
  };
  const picture = () => {
    const { view, overlay } = store.getState();
    return { photo, outcome, view, overlay, pictures };
  };
  const save = async (): Promise<void> => {
    if (!(await savePicture(picture()))) explain();
  };
  const copy = async (): Promise<void> => {
    const done = await copyPicture(picture());
    if (!done) explain();
    setCopied(done);
    if (done) store.getState().announce('Copied.');
  };
  return (
    <div className="caption-actions">
      <IconButton icon={Download} label="Save picture" onClick={() => void save()} />
      {canCopyPicture() && (
        <IconButton
          icon={copied ? Check : Copy}
          label="Copy picture"
          onClick={() => void copy()}
          onBlur={() => setCopied(false)}
        />
      )}
    </div>
  );
}

/** Under the photograph, as under a picture in a museum: what it is, what is to be seen, how it was made. */
export function StageCaption({ photo }: { readonly photo: Photo }) {
  const view = useApp((state) => state.view);
  const overlay = useApp((state) => state.overlay);
  const outcome = visibleOutcome(photo.state);
  return (
    <div className="caption">
      <div className="caption-title">
        <h2>{photo.name}</h2>
        {photo.credit !== null && <span className="caption-credit">Photograph: {photo.credit}</span>}
        {outcome && <PictureActions photo={photo} outcome={outcome} />}
      </div>
      {outcome && (
        <>
          <p className="caption-view">{describeView(outcome, view, overlay)}</p>
          {view === 'all' && <Legend numHeads={outcome.result.numHeads} />}
          {outcome.result.notices.map((notice) => (
            <p key={notice} className="caption-notice">
              {describePhotoNotice(notice)}
            </p>
          ))}
          <Data outcome={outcome} />
        </>
      )}
    </div>
  );
}
