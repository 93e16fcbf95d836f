import { Check, Copy, Download } from 'lucide-react';
import { useState } from 'react';
import { formatSize } from '../../core/geometry.ts';
import type { AttentionResult } from '../../rpc/engine-contract.ts';
import { mapsOf } from '../painting/result-maps.ts';
import { canCopyPicture, copyPicture, savePicture } from '../painting/save-picture.ts';
import { useApp, useServices } from '../services.tsx';
import { type Outcome, type Photo, visibleOutcome } from '../state/photo.ts';
import {
  drawnStyle,
  isSmooth,
  type OverlaySettings,
  type Query,
  queryWithin,
  type View,
} from '../state/settings.ts';
import { shownView } from '../state/shown-view.ts';
import {
  backendTitles,
  countOf,
  describePhotoNotice,
  formatMilliseconds,
  formatPercent,
  queryTitle,
  viewTitle,
} from '../words.ts';
import { IconButton } from './icon-button.tsx';
import { HeadChip } from './view-tiles.tsx';
import './stage-caption.css';

/** What is to be seen, in one sentence. */
function describeView({ result }: Outcome, query: Query, view: View, settings: OverlaySettings): string {
  const { massPercent } = settings;
  const patches = result.rows * result.columns;
  const isInterpolated = drawnStyle(view, settings) === 'mask' && isSmooth(view, settings);
  const note = isInterpolated ? ' Its edge is interpolated between the patches.' : '';
  const from = result.numRegisters === 0 ? '' : `Query: ${queryTitle(queryWithin(query, result))}. `;
  if (view === 'all')
    return `${from}Each colour is a head and holds ${massPercent} % of its attention.${note}`;
  const { keptPatches } = mapsOf(result, query)
    .drawing(view)
    .threshold(massPercent / 100);
  const keeps = `${massPercent} % of its attention lies on ${keptPatches} of ${countOf(patches, 'patch', 'patches')}`;
  return view === 'mean'
    ? `${from}The mean over ${countOf(result.numHeads, 'head')}: ${keeps}.${note}`
    : `${from}${viewTitle(view)}: ${keeps}.${note}`;
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

type DataItem = readonly [name: string, value: string, title?: string];

/** The part of CLS's attention that goes to the registers and so is on no map. */
function registerShares({ numHeads, numRegisters, specialShares }: AttentionResult): DataItem[] {
  if (numRegisters === 0) return [];
  const shares = Array.from({ length: numHeads }, (_, head) =>
    specialShares
      .subarray(head * (1 + numRegisters) + 1, (head + 1) * (1 + numRegisters))
      .reduce((sum, share) => sum + share, 0),
  );
  const mean = shares.reduce((sum, share) => sum + share, 0) / numHeads;
  const each = shares.map((share, head) => `${viewTitle(head)}: ${formatPercent(share)}`).join(', ');
  return [['CLS to registers', formatPercent(mean), `The share of CLS’s attention. ${each}`]];
}

function Data({ outcome: { result, model, backend } }: { readonly outcome: Outcome }) {
  const items: readonly DataItem[] = [
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
    ...registerShares(result),
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
    const state = store.getState();
    const { query, overlay } = state;
    return { photo, outcome, view: shownView(state), query, overlay, pictures };
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
  const view = useApp(shownView);
  const query = useApp((state) => state.query);
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
          <p className="caption-view">{describeView(outcome, query, view, overlay)}</p>
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
