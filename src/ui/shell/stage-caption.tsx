import { Check, Copy, Download, Undo2 } from 'lucide-react';
import { useState } from 'react';
import { formatSize } from '../../core/geometry.ts';
import { describePhotoNotice } from '../../core/photo.ts';
import type { AttentionResult } from '../../rpc/engine-contract.ts';
import { mapsOf } from './painting/result-maps.ts';
import { canCopyPicture, copyPicture, savePicture } from './painting/save-picture.ts';
import { useApp, useServices } from '../services.tsx';
import { type Outcome, type Photo, visibleOutcome } from '../state/photo.ts';
import { isPatch, type Query, shownQuery } from '../state/query.ts';
import { drawnStyle, isSmooth, type OverlaySettings, type View } from '../state/settings.ts';
import { shownView } from '../state/shown-view.ts';
import {
  backendTitles,
  countOf,
  formatMilliseconds,
  formatPercent,
  queryTitle,
  viewTitle,
} from '../words.ts';
import { type Fact, FactList } from '../kit/fact-list.tsx';
import { IconButton } from '../kit/icon-button.tsx';
import { HeadChip } from './view-tiles.tsx';
import './stage-caption.css';

/** Whose attention it is; of CLS alone nothing has to be said. */
function describeQuery(query: Query, numRegisters: number): string {
  if (isPatch(query)) return `What ${queryTitle(query).toLowerCase()} looks at. `;
  return numRegisters === 0 ? '' : `Query: ${queryTitle(query)}. `;
}

/** What is to be seen, in one sentence. */
function describeView({ result }: Outcome, query: Query, view: View, settings: OverlaySettings): string {
  const { massPercent } = settings;
  const patches = result.rows * result.columns;
  const isInterpolated = drawnStyle(view, settings) === 'mask' && isSmooth(view, settings);
  const note = isInterpolated ? ' Its edge is interpolated between the patches.' : '';
  const from = describeQuery(query, result.numRegisters);
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

/**
 * The part of somebody's attention that is on no map.
 * @param shares of it in each head
 */
function shareItem(name: string, shares: readonly number[], whose: string): Fact {
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const each = shares.map((share, head) => `${viewTitle(head)}: ${formatPercent(share)}`).join(', ');
  return [name, formatPercent(mean), `The share of ${whose} attention. ${each}`];
}

/** What the token that looks gives to CLS and to the registers. */
function specialItems({ numHeads, numRegisters, specialShares }: AttentionResult, query: Query): Fact[] {
  // A register's are not kept: its maps come with CLS's.
  if (!isPatch(query) && query !== 0) return [];
  const values = isPatch(query) ? query.specialShares : specialShares;
  const whose = isPatch(query) ? 'the patch’s' : 'CLS’s';
  const sums = (begin: number, end: number): number[] =>
    Array.from({ length: numHeads }, (_, head) => {
      const first = head * (1 + numRegisters);
      return values.subarray(first + begin, first + end).reduce((sum, share) => sum + share, 0);
    });
  const toCls = shareItem('To CLS', sums(0, 1), whose);
  return numRegisters === 0 ? [toCls] : [toCls, shareItem('To registers', sums(1, 1 + numRegisters), whose)];
}

interface DataProps {
  readonly outcome: Outcome;
  readonly query: Query;
}

function Data({ outcome: { result, model, backend }, query }: DataProps) {
  const afterwards = isPatch(query) ? `. After it: the patch ${formatMilliseconds(query.lookMs)}` : '';
  const facts: readonly Fact[] = [
    ['Model', model.title],
    ['Back end', backendTitles[backend.name], backend.device],
    [
      'Forward pass',
      formatMilliseconds(result.forwardMs),
      `Before it: decoding ${formatMilliseconds(result.decodeMs)}, resampling ${formatMilliseconds(result.prepareMs)}${afterwards}`,
    ],
    ['Tokens', String(result.tokens)],
    ['Input', `${formatSize(result.inputSizePx)} px`],
    ['Rows × columns', `${result.rows} × ${result.columns}`],
    ...specialItems(result, query),
  ];
  return <FactList facts={facts} className="caption-data" />;
}

function PictureActions({ photo, outcome }: { readonly photo: Photo; readonly outcome: Outcome }) {
  const { store, pictures } = useServices();
  const [copied, setCopied] = useState(false);
  const explain = (): void => {
    store.getState().say('The picture could not be made. Try again in a moment.', 'warning');
  };
  const picture = () => {
    const state = store.getState();
    const query = shownQuery(photo, state.token);
    return { photo, outcome, view: shownView(state), query, overlay: state.overlay, pictures };
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
  const query = useApp((state) => shownQuery(photo, state.token));
  const token = useApp((state) => state.token);
  const askPatch = useApp((state) => state.askPatch);
  const overlay = useApp((state) => state.overlay);
  const outcome = visibleOutcome(photo.state);
  return (
    <div className="caption">
      <div className="caption-title">
        <h2>{photo.name}</h2>
        {photo.credit !== null && <span className="caption-credit">Photograph: {photo.credit}</span>}
        {photo.asked !== null && (
          <IconButton
            icon={Undo2}
            label={`Back to ${token === 0 ? 'CLS' : queryTitle(token).toLowerCase()}`}
            withText
            className="caption-back"
            onClick={() => askPatch(photo.id, null)}
          />
        )}
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
          <Data outcome={outcome} query={query} />
        </>
      )}
    </div>
  );
}
