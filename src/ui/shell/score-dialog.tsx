import { Check, Copy, Download, Eye } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { useShallow } from 'zustand/react/shallow';
import { Dialog } from '../kit/dialog.tsx';
import { countOf } from '../../core/count-of.ts';
import { formatPercent, formatScore } from '../kit/format.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { saveFile } from '../kit/save-file.ts';
import { viewOf } from '../../lenses/views.ts';
import { useApp, useServices } from '../services.tsx';
import { framingInUse } from '../state/looks.ts';
import { isWaiting } from '../state/photo.ts';
import {
  csvOf,
  describeSettings,
  meansOf,
  scoreRowsOf,
  scoreStateOf,
  settingsInWords,
  type MaskComparison,
  type ScoreMeans,
  type ScoreRow,
} from './score-rows.ts';
import { lensesWithMasks } from './save-masks.ts';
import { withUnit } from '../../core/with-unit.ts';
import './score-dialog.css';

/** What stands in place of numbers. */
function wordsFor(comparison: MaskComparison | null): string {
  if (comparison === null) return 'not looked at this way yet';
  return comparison.status === 'counting' ? 'being counted' : 'no mask is shown';
}

const describeBorder = (share: number): string => (share > 0 ? `${formatPercent(share)} border` : '');

function Row({ row: { photograph, borderShare, comparison } }: { readonly row: ScoreRow }) {
  const border = describeBorder(borderShare);
  if (comparison?.status !== 'scored')
    return (
      <tr>
        <th scope="row">{photograph}</th>
        <td colSpan={4} className="scores-missing">
          {wordsFor(comparison)}
        </td>
        <td>{border}</td>
      </tr>
    );
  const { best, first } = comparison.scores;
  return (
    <tr>
      <th scope="row">{photograph}</th>
      <td>{formatScore(best.jaccard)}</td>
      <td>{formatScore(first.jaccard)}</td>
      <td>{formatScore(first.overlap)}</td>
      <td className="scores-words">{best.title}</td>
      <td>{border}</td>
    </tr>
  );
}

interface TableProps {
  readonly rows: readonly ScoreRow[];
  readonly means: ScoreMeans | null;
}

function Table({ rows, means }: TableProps) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- where the page is narrow it scrolls, also by the arrow keys
    <div className="scores-table" role="region" aria-label="Scores" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Photograph</th>
            <th scope="col">Best Jaccard</th>
            <th scope="col">First Jaccard</th>
            <th scope="col">First box’s IoU</th>
            <th scope="col" className="scores-words">
              Best mask
            </th>
            <th scope="col">Not counted</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.id} row={row} />
          ))}
        </tbody>
        {means !== null && (
          <tfoot>
            <tr>
              <th scope="row">Mean of {means.scored}</th>
              <td>{formatScore(means.bestJaccard)}</td>
              <td>{formatScore(means.firstJaccard)}</td>
              <td>{formatScore(means.overlap)}</td>
              <td className="scores-words">each one’s best</td>
              <td>{describeBorder(means.border)}</td>
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}

/** Looks at the photographs that have not been looked at with the lens in use. */
function LookAtOthers({ rows }: { readonly rows: readonly ScoreRow[] }) {
  const { session } = useServices();
  const photos = useApp((state) => state.photos);
  const missing = rows.filter(({ comparison }) => comparison === null);
  if (missing.length === 0) return null;
  const isAtWork = missing.some(({ id }) => photos[id] !== undefined && isWaiting(photos[id].state));
  return (
    <div className="scores-others">
      <p>
        {countOf(missing.length, 'photograph')} {missing.length === 1 ? 'has' : 'have'} not been looked at
        with this lens and these settings, and {missing.length === 1 ? 'is' : 'are'} not in the mean.
      </p>
      <IconButton
        icon={Eye}
        label={missing.length === 1 ? 'Look at it' : 'Look at them'}
        withText
        aria-disabled={isAtWork}
        onClick={() => {
          if (isAtWork) return;
          for (const { id } of missing) session.retry(id);
        }}
      />
    </div>
  );
}

function Actions({ csv }: { readonly csv: string }) {
  const { store } = useServices();
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    const done = await navigator.clipboard.writeText(csv).then(
      () => true,
      () => false,
    );
    setCopied(done);
    if (done) store.getState().announce('Copied.');
    else store.getState().say('The table could not be copied. Save it instead.', 'warning');
  };
  return (
    <div className="scores-actions">
      <IconButton
        icon={Download}
        label="Save as CSV"
        withText
        onClick={() => saveFile(new Blob([csv], { type: 'text/csv' }), 'dinoscope-scores.csv')}
      />
      {(navigator.clipboard as Clipboard | undefined) !== undefined && (
        <IconButton icon={copied ? Check : Copy} label="Copy as CSV" withText onClick={() => void copy()} />
      )}
    </div>
  );
}

/** How well the lens in use fits the masks of all photographs that have one. */
export function ScoreDialog({ onClose }: { readonly onClose: () => void }) {
  const { masks } = useServices();
  const state = useApp(useShallow(scoreStateOf));
  const { lens, models } = state;
  const framing = framingInUse(state);
  const rows = useMemo(() => scoreRowsOf(state), [state]);
  const engineStatus = useApp(({ engine }) => engine.status);
  useEffect(() => {
    for (const { id, comparison } of rows)
      if (comparison?.status === 'counting') for (const { grid } of comparison.found) masks.count(id, grid);
  }, [rows, masks, engineStatus]);
  const means = meansOf(rows);
  const { title } = viewOf(lens).contract;
  const words = settingsInWords(state);
  const model = models.used?.description.title ?? '';
  return (
    <Dialog title="Scores" onClose={onClose}>
      <div className="scores">
        <p className="scores-about">
          {title}
          {words !== '' && `: ${words}`}. {model} sees photographs {withUnit(framing.sidePx, 'px')} long.
        </p>
        {viewOf(lens).found === undefined ? (
          <p>This lens makes no masks. {lensesWithMasks()} do.</p>
        ) : (
          <>
            <LookAtOthers rows={rows} />
            <Table rows={rows} means={means} />
            {means !== null && (
              <p>
                The first box has found an object in {means.found} of {means.scored} (CorLoc{' '}
                {formatScore(means.found / means.scored)}): it overlaps the object’s box by at least half.
              </p>
            )}
            <Actions
              csv={csvOf(rows, { lens: title, settings: describeSettings(state), model, look: { framing } })}
            />
          </>
        )}
      </div>
    </Dialog>
  );
}
