/** The axes of a panel: ticks at round numbers, reference lines, and their words. */
import { line, type FigureColours, type FigureShape, type FigureText } from './figure-shapes.ts';

export interface FigureCurve {
  readonly label: string;
  /** In order; the values belong to these steps. */
  readonly steps: readonly number[];
  readonly entropies: readonly number[];
  readonly kls: readonly number[];
  /** The values of a thick curve, where not every step is among `steps`; worked out of the values else. */
  readonly means?: { readonly entropies: readonly number[]; readonly kls: readonly number[] };
  readonly outputDim: number;
}

/** A vertical line with a word, as where a switch was set. */
export interface FigureMark {
  readonly step: number;
  readonly label: string;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Panel {
  readonly title: string;
  readonly box: Box;
  readonly values: (curve: FigureCurve) => readonly number[];
  /** Reference lines, each with the words at the axis. */
  readonly references: readonly { readonly value: number; readonly label: string }[];
}

export interface Drawing {
  readonly curves: readonly FigureCurve[];
  readonly marks: readonly FigureMark[];
  readonly lastStep: number;
  readonly colours: FigureColours;
  readonly fontPx: number;
}

/** Round numbers from `low` to `high`, about `count` of them. */
export function roundTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((digit) => digit * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) =>
    Number(((first + at) * step).toPrecision(12)),
  );
}

/** Ticks of the value axis. A reference takes the place of a tick that its label would touch. */
export function valueAxis({ box, references }: Panel, top: number, drawing: Drawing): FigureShape[] {
  const { colours, fontPx } = drawing;
  const yOf = (value: number): number => box.bottom - (value / top) * (box.bottom - box.top);
  const label = (value: number, text: string, colour: string): FigureText => ({
    kind: 'text',
    x: box.left - 0.5 * fontPx,
    y: yOf(value),
    text,
    anchor: 'end',
    sizePx: fontPx,
    colour,
    isBold: false,
    halo: null,
  });
  const taken = references.map(({ value }) => yOf(value));
  const isFree = (y: number): boolean => taken.every((other) => Math.abs(other - y) >= 1.3 * fontPx);
  const count = Math.max(2, Math.floor((box.bottom - box.top) / (2.6 * fontPx)));
  const ticks = roundTicks(0, top, count);
  const shapes: FigureShape[] = ticks.map((value) =>
    line(
      [
        [box.left, yOf(value)],
        [box.right, yOf(value)],
      ],
      colours.rule,
      1,
    ),
  );
  for (const { value } of references)
    shapes.push({
      ...line(
        [
          [box.left, yOf(value)],
          [box.right, yOf(value)],
        ],
        colours.ink2,
        Math.max(1, fontPx / 12),
      ),
      dashPx: [0.4 * fontPx, 0.3 * fontPx],
    });
  const shown = references.filter(({ value }, at) =>
    references.slice(0, at).every((other) => Math.abs(yOf(other.value) - yOf(value)) >= 1.3 * fontPx),
  );
  for (const { value, label: text } of shown) shapes.push(label(value, text, colours.ink));
  for (const value of ticks) if (isFree(yOf(value))) shapes.push(label(value, String(value), colours.ink2));
  return shapes;
}

export function stepAxis({ box }: Panel, { lastStep, colours, fontPx }: Drawing): FigureShape[] {
  const count = Math.max(2, Math.floor((box.right - box.left) / (5 * fontPx)));
  return roundTicks(0, lastStep, count).map((step): FigureText => {
    return {
      kind: 'text',
      x: box.left + (step / lastStep) * (box.right - box.left),
      y: box.bottom + 1.15 * fontPx,
      text: step === 0 ? 'step 0' : String(step),
      anchor: 'middle',
      sizePx: fontPx,
      colour: colours.ink2,
      isBold: false,
      halo: null,
    };
  });
}
