import { type KeyboardEvent, useCallback, useMemo, useRef, useState } from 'react';
import { paintSheet, prepareSheet } from '../../render/paint-sheet.ts';
import { layOutSheet, type Sheet } from '../../render/sheet.ts';
import { drawPart, pointShown, type PictureView } from '../../render/picture-view.ts';
import { type DeviceSize, useCanvasLayer, useDeviceSize } from './use-canvas-layer.ts';
import './sheet-canvas.css';

interface SheetCanvasProps {
  readonly bitmap: ImageBitmap | null;
  readonly sheet: Sheet;
  /** The photograph's width / height. */
  readonly aspect: number;
  readonly label: string;
  /** The part of the sheet that is shown. */
  readonly view: PictureView;
  readonly onChoose: (row: number, column: number) => void;
}

/** Font size of the titles, in CSS px. */
const fontPx = 13;

const steps: Readonly<Record<string, readonly [down: number, right: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/**
 * Many small pictures on one canvas, with a button over each. They are one Tab stop together; the arrow keys move between the
 * pictures.
 */
export function SheetCanvas({ bitmap, sheet, aspect, label, view, onChoose }: SheetCanvasProps) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useDeviceSize(frame);
  const [[atRow, atColumn], setAt] = useState<readonly [number, number]>([sheet.rows.length - 1, 0]);

  const layout = useMemo(
    () => (size === null ? null : layOutSheet(sheet, size, aspect, fontPx * devicePixelRatio)),
    [sheet, size, aspect],
  );
  const paint = useCallback(
    (context: CanvasRenderingContext2D, surface: DeviceSize) => {
      if (layout === null) return;
      const ink = getComputedStyle(context.canvas).color;
      drawPart(context, surface, view, () => paintSheet(context, bitmap, sheet, layout, ink, view.scale));
    },
    [bitmap, sheet, layout, view],
  );
  const prepare = useCallback(() => prepareSheet(sheet), [sheet]);
  useCanvasLayer(canvas, size, 0, paint, prepare);

  const press = (event: KeyboardEvent<HTMLDivElement>): void => {
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = Math.min(sheet.rows.length - 1, Math.max(0, atRow + step[0]));
    const column = Math.min(sheet.columnTitles.length - 1, Math.max(0, atColumn + step[1]));
    setAt([row, column]);
    frame.current?.querySelector<HTMLElement>(`[data-cell="${row},${column}"]`)?.focus();
    event.preventDefault();
  };

  const placed = ({ width, height }: DeviceSize, row: number, column: number) => {
    const box = layout?.cells[row]?.[column];
    if (box === undefined) return {};
    const { x, y } = pointShown(view, { x: box.left / width, y: box.top / height });
    return {
      left: `${100 * x}%`,
      top: `${100 * y}%`,
      width: `${(100 * view.scale * box.width) / width}%`,
      height: `${(100 * view.scale * box.height) / height}%`,
    };
  };

  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- the buttons in it have the focus
    <div className="sheet-canvas" ref={frame} role="group" aria-label={label} onKeyDown={press}>
      <canvas ref={canvas} data-layer="sheet" aria-hidden="true" />
      {size !== null &&
        sheet.rows.map(({ cells }, row) =>
          cells.map(({ title }, column) => (
            <button
              // oxlint-disable-next-line react/no-array-index-key -- a cell is its place
              key={`${row},${column}`}
              type="button"
              className="sheet-cell"
              data-cell={`${row},${column}`}
              style={placed(size, row, column)}
              aria-label={title}
              title={title}
              tabIndex={row === atRow && column === atColumn ? 0 : -1}
              onFocus={() => setAt([row, column])}
              onClick={() => onChoose(row, column)}
            />
          )),
        )}
    </div>
  );
}
