import { useLayoutEffect, useRef, useState } from 'react';
import { layOutFigure } from '../../render/collapse-figure.ts';
import type { FigureCurve } from '../../render/figure-axes.ts';
import { haloEm, pointsOf } from '../../render/figure-output.ts';
import type { FigureColours, FigureLayout, FigureShape } from '../../render/figure-shapes.ts';
import type { SwitchMark } from '../../core/training.ts';
import { useApp } from '../services.tsx';
import { describeSwitch } from './describe-switch.ts';
import './figure-drawing.css';

/** The page's own colours, as variables: a change of the theme needs no new layout. */
const pageColours: FigureColours = {
  ground: 'none',
  ink: 'var(--ink)',
  ink2: 'var(--ink-2)',
  rule: 'var(--rule)',
  halo: 'var(--ground)',
  mark: 'var(--warn)',
  curves: ['var(--ink)', 'var(--accent)', 'var(--focus-colour)', 'var(--warn)', 'var(--ink-2)'],
};

function Shape({ shape }: { readonly shape: FigureShape }) {
  if (shape.kind === 'line')
    return (
      <polyline
        points={pointsOf(shape)}
        fill="none"
        stroke={shape.colour}
        strokeWidth={shape.widthPx}
        strokeLinejoin="round"
        opacity={shape.opacity}
        {...(shape.dashPx.length === 0 ? {} : { strokeDasharray: shape.dashPx.join(' ') })}
      />
    );
  return (
    <text
      x={shape.x}
      y={shape.y + 0.35 * shape.sizePx}
      textAnchor={shape.anchor}
      fontSize={shape.sizePx}
      fill={shape.colour}
      fontWeight={shape.isBold ? 600 : 400}
      {...(shape.halo === null
        ? {}
        : { stroke: shape.halo, strokeWidth: haloEm * shape.sizePx, paintOrder: 'stroke' })}
    >
      {shape.text}
    </text>
  );
}

interface FigureDrawingProps {
  readonly curves: readonly FigureCurve[];
  readonly lastStep: number;
  /** Changes of the switches; the first entry is how the run began. */
  readonly marks?: readonly SwitchMark[];
  /** What it shows, for screen readers. */
  readonly words: string;
  /** Of the letters; 1 is the page's own. */
  readonly scale: number;
}

/** Both panels, as large as their place. */
export function FigureDrawing({ curves, lastStep, marks = [], words, scale }: FigureDrawingProps) {
  const holder = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<{ readonly widthPx: number; readonly heightPx: number } | null>(null);
  // The page's letters may change with its theme and zoom, and then the holder changes too.
  useApp((state) => state.theme);
  useLayoutEffect(() => {
    const element = holder.current;
    if (!element) return undefined;
    const measure = (): void => {
      const { clientWidth: widthPx, clientHeight: heightPx } = element;
      if (widthPx > 0 && heightPx > 0) setSize({ widthPx, heightPx });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const remPx = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const switched = marks.flatMap((mark, at) => {
    const before = marks[at - 1];
    return before === undefined ? [] : { step: mark.step, label: describeSwitch(mark, before) };
  });
  const layout: FigureLayout | null =
    size === null
      ? null
      : layOutFigure(curves, lastStep, { ...size, fontPx: 0.875 * remPx * scale }, pageColours, switched);
  return (
    <div className="figure-drawing" ref={holder} role="img" aria-label={words}>
      {layout !== null && (
        <svg width={layout.widthPx} height={layout.heightPx} aria-hidden="true">
          {layout.shapes.map((shape, at) => (
            // The shapes have no names; a layout replaces them all.
            // oxlint-disable-next-line react/no-array-index-key
            <Shape key={at} shape={shape} />
          ))}
        </svg>
      )}
    </div>
  );
}
