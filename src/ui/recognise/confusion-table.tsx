import { useMemo } from 'react';
import { formatPercent } from '../kit/format.ts';
import { useRecognise, useServices } from '../services.tsx';
import { ClassMark } from './class-mark.tsx';
import { frequentMistakes, type Mistake } from './frequent-mistakes.ts';
import type { Filter, Votes } from './recognise-state.ts';
import './confusion-table.css';

/** A larger table would be no table for a person any more: it becomes a list of the most frequent mistakes. */
const largestTable = 12;
const mistakesShown = 30;
const firstColumnRem = 6.5;
const columnRem = 2.5;

const isCell = (filter: Filter, className: string, voted: string): boolean =>
  filter.kind === 'cell' && filter.className === className && filter.voted === voted;

const sayCell = (count: number, className: string, voted: string): string =>
  className === voted ? `${count} of ${className}, voted right` : `${count} of ${className}, voted ${voted}`;

interface CellProps {
  readonly count: number;
  /** Of the photographs of the class. */
  readonly share: number;
  readonly className: string;
  readonly voted: string;
}

function Cell({ count, share, className, voted }: CellProps) {
  const { recognise } = useServices();
  const isShown = useRecognise(({ filter }) => isCell(filter, className, voted));
  const kind = className === voted ? 'right' : 'wrong';
  if (count === 0) return <td className="confusion-cell">0</td>;
  return (
    <td className="confusion-cell" data-kind={kind} style={{ '--fill': share }}>
      <button
        type="button"
        aria-pressed={isShown}
        aria-label={sayCell(count, className, voted)}
        title={isShown ? 'Show all photographs' : `Show them: ${sayCell(count, className, voted)}`}
        onClick={() => recognise.setFilter(isShown ? { kind: 'all' } : { kind: 'cell', className, voted })}
      >
        {count}
      </button>
    </td>
  );
}

function Table({ classNames, confusion }: Pick<Votes, 'classNames' | 'confusion'>) {
  const size = classNames.length;
  const countAt = (row: number, column: number): number => confusion[row * size + column] ?? 0;
  return (
    // It scrolls where it is wide, and then by the keyboard too.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="confusion-scroller" role="group" aria-label="Confusion matrix" tabIndex={0}>
      <table className="confusion" style={{ minWidth: `${firstColumnRem + columnRem * (size + 1)}rem` }}>
        <caption>Rows: the class. Columns: what was voted.</caption>
        <thead>
          <tr>
            <th scope="col">Class</th>
            {classNames.map((name) => (
              <th key={name} scope="col" title={name}>
                <ClassMark className={name} />
                <span>{name}</span>
              </th>
            ))}
            <th scope="col" className="confusion-last">
              Right
            </th>
          </tr>
        </thead>
        <tbody>
          {classNames.map((className, row) => {
            const total = classNames.reduce((sum, _, column) => sum + countAt(row, column), 0);
            return (
              <tr key={className}>
                <th scope="row" title={className}>
                  <ClassMark className={className} />
                  <span>{className}</span>
                </th>
                {classNames.map((voted, column) => (
                  <Cell
                    key={voted}
                    className={className}
                    voted={voted}
                    count={countAt(row, column)}
                    share={total === 0 ? 0 : countAt(row, column) / total}
                  />
                ))}
                <td className="confusion-right">
                  {total === 0 ? '' : formatPercent(countAt(row, row) / total)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function MistakeRow({ className, voted, count, share }: Mistake) {
  const { recognise } = useServices();
  const isShown = useRecognise(({ filter }) => isCell(filter, className, voted));
  return (
    <li>
      <button
        type="button"
        className="mistake"
        aria-pressed={isShown}
        onClick={() => recognise.setFilter(isShown ? { kind: 'all' } : { kind: 'cell', className, voted })}
      >
        <ClassMark className={className} />
        <span className="mistake-words">
          {className} voted {voted}
        </span>
        <span className="class-count">
          {count}, {formatPercent(share)}
        </span>
      </button>
    </li>
  );
}

/** What was voted for the photographs of each class. A cell shows its photographs. */
export function ConfusionTable({ classNames, confusion }: Pick<Votes, 'classNames' | 'confusion'>) {
  const mistakes = useMemo(
    () => (classNames.length > largestTable ? frequentMistakes(classNames, confusion, mistakesShown) : []),
    [classNames, confusion],
  );
  if (classNames.length <= largestTable) return <Table classNames={classNames} confusion={confusion} />;
  return (
    <>
      <h4 className="mistakes-title">The most frequent mistakes</h4>
      {mistakes.length === 0 ? (
        <p className="side-note">There are none.</p>
      ) : (
        <ol className="class-list">
          {mistakes.map((mistake) => (
            <MistakeRow key={`${mistake.className} ${mistake.voted}`} {...mistake} />
          ))}
        </ol>
      )}
    </>
  );
}
