import { type DragEvent, type KeyboardEvent, type MouseEvent, memo, useEffect, useId, useRef } from 'react';
import type { CollectionItem, ProbePredictions } from '../../rpc/recognise-contract.ts';
import type { LikelyClass } from '../../core/linear-head.ts';
import { formatPercent } from '../kit/format.ts';
import { useRecognise, useServices } from '../services.tsx';
import { ClassMark } from './class-mark.tsx';
import { describeItem } from './describe-item.ts';
import { draggedItems } from './dragged-items.ts';
import { photographsId, useFocusOfPhotographs } from './focus-photographs.ts';
import { ItemPicture } from './item-picture.tsx';
import { isWrong, predictionOf, shownPredictions } from './recognise-state.ts';
import { useLongPress } from './use-long-press.ts';
import { useVisibleRows } from './use-visible-rows.ts';
import './item-grid.css';

/** A photograph, and the words below it. */
const cell = { cellRem: 6.75, wordsRem: 2.875 };

interface CellProps {
  readonly id: string;
  readonly item: CollectionItem;
  readonly predicted: ProbePredictions | null;
  /** What a linear classifier says, in its tab. */
  readonly likeliest: LikelyClass | undefined;
  readonly isSelected: boolean;
  readonly isCurrent: boolean;
  readonly place: number;
  readonly count: number;
}

/** One photograph: its small picture, its class, and what was voted where that is something else. */
const Cell = memo(function Cell(props: CellProps) {
  const { id, item, predicted, likeliest, isSelected, isCurrent, place, count } = props;
  const { recognise } = useServices();
  const prediction = predictionOf(predicted, item.index);
  const wrong = isWrong(item, prediction);
  const click = (event: MouseEvent): void => {
    const several = recognise.store.getState().picksSeveral ? 'toggle' : 'one';
    recognise.selectItem(
      item.index,
      event.shiftKey ? 'range' : event.ctrlKey || event.metaKey ? 'add' : several,
    );
  };
  const press = useLongPress(() => {
    const { picksSeveral, selected } = recognise.store.getState();
    if (!picksSeveral) recognise.setPicksSeveral(true);
    if (!selected.has(item.index)) recognise.selectItem(item.index, 'toggle');
  }, click);
  const drag = (event: DragEvent): void => {
    const { selected } = recognise.store.getState();
    const indices = selected.has(item.index) ? [...selected] : [item.index];
    event.dataTransfer.setData(draggedItems, indices.join(' '));
    event.dataTransfer.effectAllowed = 'move';
  };
  return (
    // The list keeps the focus: an option is taken out of the page when it is scrolled out of sight, and the keys with it.
    // oxlint-disable-next-line jsx-a11y/interactive-supports-focus
    <div
      id={id}
      role="option"
      className="item"
      aria-selected={isSelected}
      aria-setsize={count}
      aria-posinset={place + 1}
      aria-label={describeItem(item, predicted, likeliest)}
      title={item.path}
      data-current={isCurrent}
      data-wrong={wrong}
      draggable
      onDragStart={drag}
      {...press}
    >
      <ItemPicture index={item.index} />
      <span className="item-class">
        <ClassMark className={item.className} />
        <span>{item.className ?? 'no class'}</span>
      </span>
      {(wrong || item.className === null) && prediction !== null && (
        <span className="item-voted">
          {wrong ? '✗' : '→'} {prediction.className} {formatPercent(prediction.share)}
        </span>
      )}
      {likeliest !== undefined && (
        <span className="item-voted">
          {likeliest.name} {formatPercent(likeliest.probability)}
        </span>
      )}
    </div>
  );
});

/** Moves by the arrow keys; Shift selects on the way. */
function useGridKeys(columns: number, pageRows: number) {
  const { recognise } = useServices();
  return (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== 'a') return;
      recognise.selectItems(recognise.store.getState().arranged);
      event.preventDefault();
      return;
    }
    if (event.altKey) return;
    const everything = recognise.store.getState().arranged.length;
    const steps: Readonly<Record<string, number>> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -columns,
      ArrowDown: columns,
      PageUp: -columns * pageRows,
      PageDown: columns * pageRows,
      Home: -everything,
      End: everything,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    recognise.moveBy(step, event.shiftKey ? 'range' : 'one');
    event.preventDefault();
  };
}

/** All shown photographs. Only those in sight are in the page, so that ten thousand scroll as smoothly as ten. */
export function ItemGrid({ label }: { readonly label: string }) {
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  useFocusOfPhotographs(scroller);
  const rows = useVisibleRows(scroller, cell);
  const open = useRecognise((state) => state.open);
  const arranged = useRecognise((state) => state.arranged);
  const selected = useRecognise((state) => state.selected);
  const cursor = useRecognise((state) => state.cursor);
  const isHead = useRecognise((state) => state.tab === 'head');
  const votes = useRecognise(shownPredictions);
  const predicted = isHead ? null : votes;
  const told = useRecognise((state) => state.head.told);
  const columns = rows?.columns ?? 1;
  const rowPx = rows?.rowPx ?? 1;
  const lines = Math.ceil(arranged.length / columns);
  const [first, end] = rows === null ? [0, 0] : [rows.first, Math.min(rows.end, lines)];
  const at = cursor === null ? -1 : arranged.indexOf(cursor);
  const cursorRow = at < 0 ? null : Math.floor(at / columns);
  // The photograph that is shown by itself comes into sight.
  useEffect(() => {
    const element = scroller.current;
    if (element === null || cursorRow === null || rowPx === 1) return;
    const [top, bottom] = [cursorRow * rowPx, (cursorRow + 1) * rowPx];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight)
      element.scrollTop = bottom - element.clientHeight;
  }, [cursorRow, rowPx]);
  const press = useGridKeys(columns, rows === null ? 1 : Math.max(1, rows.end - rows.first - 2 * 3 - 1));
  return (
    <div
      ref={scroller}
      id={photographsId}
      className="items"
      role="listbox"
      tabIndex={0}
      aria-label={label}
      aria-multiselectable="true"
      aria-activedescendant={at < 0 ? undefined : `${id}-${cursor}`}
      onKeyDown={press}
    >
      <div role="presentation" style={{ position: 'relative', height: lines * rowPx }}>
        {Array.from({ length: Math.max(0, end - first) }, (_, nth) => first + nth).map((line) => (
          <div
            key={line}
            role="presentation"
            className="items-row"
            style={{
              height: rowPx,
              transform: `translateY(${line * rowPx}px)`,
              gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
            }}
          >
            {arranged.slice(line * columns, (line + 1) * columns).map((index, column) => {
              const item = open?.items[index];
              return item === undefined ? null : (
                <Cell
                  key={index}
                  id={`${id}-${index}`}
                  item={item}
                  predicted={predicted}
                  likeliest={isHead ? told.get(index)?.[0] : undefined}
                  isSelected={selected.has(index)}
                  isCurrent={index === cursor}
                  place={line * columns + column}
                  count={arranged.length}
                />
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}
