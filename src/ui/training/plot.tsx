import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { SwitchMark } from '../../core/training.ts';
import { placeLabels, type PlotBox } from '../../render/place-labels.ts';
import { useApp } from '../services.tsx';
import { formatTick } from './curve-numbers.ts';
import { describeSwitch } from './describe-switch.ts';
import type { CurvePoints } from './report-log.ts';
import './plot.css';

interface PlotReference {
  readonly value: number;
  readonly label: string;
}

interface PlotProps {
  readonly title: string;
  readonly points: CurvePoints;
  /** Number of measured steps; the curve of a long run has fewer points. */
  readonly stepsTaken: number;
  /** The run's length, where the axis ends from the start, so that only the curve moves. */
  readonly lastStep: number;
  readonly marks: readonly SwitchMark[];
  /** A reference line, which is always in the plot's range. */
  readonly reference?: PlotReference;
  /** Whether the plot's range includes 0. */
  readonly fromZero: boolean;
  readonly format: (value: number) => string;
}

const cssValue = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const remPx = (): number => parseFloat(getComputedStyle(document.documentElement).fontSize);

/** Axis increments that are whole numbers of steps. */
const wholeSteps = [1, 2, 5]
  .flatMap((digit) => [0, 1, 2, 3, 4, 5, 6].map((power) => digit * 10 ** power))
  .sort((a, b) => a - b);

/** What a plot draws besides its curve. Read at every redraw, so that a change does not need a new plot. */
type Extras = Pick<PlotProps, 'marks' | 'reference'>;

/** @returns where the label is, which no other one may cover */
function drawReference(plot: uPlot, { value, label }: PlotReference, rem: number): PlotBox {
  const { ctx, bbox } = plot;
  const y = plot.valToPos(value, 'y', true);
  const right = bbox.left + bbox.width;
  ctx.strokeStyle = cssValue('--ink-2');
  ctx.fillStyle = cssValue('--ink-2');
  ctx.setLineDash([0.3 * rem, 0.25 * rem]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(right, y);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.textAlign = 'right';
  const baseline = y - bbox.top < rem ? y + 0.95 * rem : y - 0.3 * rem;
  // An outline in the ground's colour: a loss may lie above the line.
  ctx.strokeStyle = cssValue('--ground');
  ctx.lineWidth = 0.25 * rem;
  ctx.strokeText(label, right - 0.3 * rem, baseline);
  ctx.lineWidth = Math.max(1, 0.08 * rem);
  ctx.fillText(label, right - 0.3 * rem, baseline);
  const width = ctx.measureText(label).width + 0.6 * rem;
  return { left: right - width, right, top: baseline - 0.85 * rem, bottom: baseline + 0.3 * rem };
}

function drawMarks(plot: uPlot, marks: readonly SwitchMark[], rem: number, taken: readonly PlotBox[]): void {
  const { ctx, bbox } = plot;
  const lines = marks.flatMap((mark, index) => {
    const before = marks[index - 1];
    if (before === undefined) return [];
    const text = describeSwitch(mark, before);
    return [{ x: plot.valToPos(mark.step, 'x', true), width: ctx.measureText(text).width, text }];
  });
  const box = {
    left: bbox.left,
    top: bbox.top + 0.1 * rem,
    right: bbox.left + bbox.width,
    bottom: bbox.top + bbox.height,
  };
  const [gap, rowHeight] = [0.3 * rem, 0.95 * rem];
  const places = placeLabels(lines, box, rowHeight, gap, taken);
  ctx.strokeStyle = cssValue('--warn');
  ctx.fillStyle = cssValue('--warn');
  for (const { x } of lines) {
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.strokeStyle = cssValue('--ground');
  ctx.lineWidth = 0.25 * rem;
  for (const [index, { x, text }] of lines.entries()) {
    const place = places[index] ?? null;
    if (place === null) continue;
    ctx.textAlign = place.isRight ? 'left' : 'right';
    const [textX, textY] = [x + (place.isRight ? gap : -gap), place.top + 0.75 * rem];
    // An outline in the ground's colour: the words may lie over a curve or another line.
    ctx.strokeText(text, textX, textY);
    ctx.fillText(text, textX, textY);
  }
}

function drawExtras(plot: uPlot, { marks, reference }: Extras): void {
  const { ctx, bbox } = plot;
  const rem = remPx() * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = `${0.75 * rem}px 'Instrument Sans Variable', sans-serif`;
  ctx.lineWidth = Math.max(1, 0.08 * rem);
  const taken = reference ? [drawReference(plot, reference, rem)] : [];
  drawMarks(plot, marks, rem, taken);
  ctx.restore();
}

/** The smallest range with the curve and the reference line. */
function rangeOf(
  min: number | null,
  max: number | null,
  fromZero: boolean,
  reference: number | undefined,
): uPlot.Range.MinMax {
  const low = Math.min(min ?? 0, reference ?? Infinity, fromZero ? 0 : Infinity);
  const high = Math.max(max ?? 1, reference ?? -Infinity);
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  // The line's label stands above it, where a curve seldom is.
  const above = reference === undefined ? room : Math.max(room, reference + 2 * room - high);
  return [fromZero && low >= 0 ? 0 : low - room, high + above];
}

function axis(rem: number): uPlot.Axis {
  return {
    stroke: () => cssValue('--ink-2'),
    font: `${0.75 * rem}px 'Instrument Sans Variable', sans-serif`,
    grid: { stroke: () => cssValue('--rule'), width: 1 },
    ticks: { stroke: () => cssValue('--rule-strong'), width: 1, size: 0.25 * rem },
    gap: 0.2 * rem,
  };
}

/** One quantity over the steps. All plots of a run share one cursor. */
export function Plot(props: PlotProps) {
  const { title, points, stepsTaken, lastStep, marks, reference, fromZero, format } = props;
  const { steps, values } = points;
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const extras = useRef<Extras>({ marks, ...(reference ? { reference } : {}) });
  const [pointed, setPointed] = useState<number | null>(null);
  const theme = useApp((state) => state.theme);
  const referenceValue = reference?.value;

  useLayoutEffect(() => {
    const element = holder.current;
    if (!element) return undefined;
    const make = (): uPlot => {
      const rem = remPx();
      return new uPlot(
        {
          width: element.clientWidth,
          height: element.clientHeight,
          legend: { show: false },
          cursor: {
            sync: { key: 'training', setSeries: false },
            drag: { x: false, y: false },
            points: { size: 0.5 * rem },
          },
          scales: {
            x: { time: false, range: () => [1, Math.max(2, lastStep)] },
            y: { range: (_, min, max) => rangeOf(min, max, fromZero, referenceValue) },
          },
          axes: [
            { ...axis(rem), size: 1.5 * rem, space: 3.5 * rem, incrs: wholeSteps },
            {
              ...axis(rem),
              // Small numbers are long.
              size: (_, ticks) =>
                Math.max(3.1, ...(ticks ?? []).map((tick) => 0.42 * tick.length + 0.9)) * rem,
              space: 1.9 * rem,
              values: (_, splits) => splits.map(formatTick),
            },
          ],
          series: [
            {},
            {
              stroke: () => cssValue('--accent'),
              width: Math.max(1.5, 0.1 * rem),
              points: { show: (_self, _series, first, last) => last - first < 2 },
            },
          ],
          hooks: {
            draw: [(self) => drawExtras(self, extras.current)],
            setCursor: [(self) => setPointed(self.cursor.idx ?? null)],
          },
          // Space on the right for half of the last step's label.
          padding: [0.4 * rem, 1.2 * rem, 0, 0],
        },
        [[], []],
        element,
      );
    };
    const made = make();
    plot.current = made;
    const observer = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = element;
      if (width > 0 && height > 0) made.setSize({ width, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
    // A theme changes all colours, so the plot is made again.
  }, [theme, lastStep, fromZero, referenceValue]);

  useEffect(() => {
    extras.current = { marks, ...(reference ? { reference } : {}) };
    plot.current?.setData([steps as number[], values as number[]]);
    // `theme` and the others are dependencies because a new plot has no data yet.
  }, [steps, values, marks, reference, theme, lastStep, fromZero, referenceValue]);

  const at = pointed !== null && pointed < values.length ? pointed : values.length - 1;
  const shown = values[at];
  const last = values.at(-1);
  const first = values[0];
  const words =
    last === undefined || first === undefined
      ? `${title}: nothing measured yet`
      : `${title} over ${stepsTaken} steps: ${format(first)} at step ${steps[0]}, ${format(last)} at step ${steps.at(-1)}` +
        (reference ? `; for comparison ${reference.label}` : '');
  return (
    <figure className="plot">
      <figcaption>
        <span className="plot-title">{title}</span>
        <span className="plot-value" data-plot-value={title}>
          {shown === undefined ? '–' : format(shown)}
          {pointed !== null && shown !== undefined && <small> at step {steps[at]}</small>}
        </span>
      </figcaption>
      <div className="plot-canvas" ref={holder} role="img" aria-label={words} />
    </figure>
  );
}
