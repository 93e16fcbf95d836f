/**
 * The two panels of the paper's figure 7, the teacher's entropy and KL divergence, with any number of trainings over each other. Laid out
 * once as lines and words; the page, a saved SVG and a saved PNG draw the same.
 */

import { placeLabels, type PlotBox } from './place-labels.ts';

export interface FigureCurve {
  readonly label: string;
  /** In order; the values belong to these steps. */
  readonly steps: readonly number[];
  readonly entropies: readonly number[];
  readonly kls: readonly number[];
  readonly outputDim: number;
}

/** A vertical line with a word, as where a switch was set. */
export interface FigureMark {
  readonly step: number;
  readonly label: string;
}

export interface FigureColours {
  readonly ground: string;
  readonly ink: string;
  readonly ink2: string;
  readonly rule: string;
  /** Around the letters of marks. */
  readonly halo: string;
  /** Of marks. */
  readonly mark: string;
  /** Of the curves, in turn. */
  readonly curves: readonly string[];
}

/** For a slide or a page of paper. The curves differ in lightness and dash too, for eyes and printers without colour. */
export const paperColours: FigureColours = {
  ground: '#ffffff',
  ink: '#141415',
  ink2: '#4a4a4c',
  rule: '#d9d9d8',
  halo: '#ffffff',
  mark: '#8f5a00',
  curves: ['#141415', '#d23b0c', '#0068c9', '#8f5a00', '#7a2fa0', '#00795c'],
};

const dashes: readonly (readonly number[])[] = [[], [0.7, 0.4], [0.15, 0.35], [1.1, 0.35, 0.15, 0.35]];

export interface FigureLine {
  readonly kind: 'line';
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly colour: string;
  readonly widthPx: number;
  readonly dashPx: readonly number[];
  readonly opacity: number;
}

export interface FigureText {
  readonly kind: 'text';
  readonly x: number;
  /** Of the middle of the letters. */
  readonly y: number;
  readonly text: string;
  readonly anchor: 'start' | 'middle' | 'end';
  readonly sizePx: number;
  readonly colour: string;
  readonly isBold: boolean;
  /** Of an outline around the letters, where they may lie over a line; null for none. */
  readonly halo: string | null;
}

export type FigureShape = FigureLine | FigureText;

export interface FigureLayout {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly ground: string;
  readonly shapes: readonly FigureShape[];
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Letters are measured nowhere: a saved file is drawn with a font of the reader's. Few fonts are wider than this. */
const letterWidthEm = 0.58;

const textWidth = (text: string, sizePx: number): number => text.length * letterWidthEm * sizePx;

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

const line = (points: FigureLine['points'], colour: string, widthPx: number): FigureLine => ({
  kind: 'line',
  points,
  colour,
  widthPx,
  dashPx: [],
  opacity: 1,
});

interface Panel {
  readonly title: string;
  readonly box: Box;
  readonly values: (curve: FigureCurve) => readonly number[];
  /** Reference lines, each with the words at the axis. */
  readonly references: readonly { readonly value: number; readonly label: string }[];
}

interface Drawing {
  readonly curves: readonly FigureCurve[];
  readonly marks: readonly FigureMark[];
  readonly lastStep: number;
  readonly colours: FigureColours;
  readonly fontPx: number;
}

/** Ticks of the value axis. A reference takes the place of a tick that its label would touch. */
function valueAxis({ box, references }: Panel, top: number, drawing: Drawing): FigureShape[] {
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

function stepAxis({ box }: Panel, { lastStep, colours, fontPx }: Drawing): FigureShape[] {
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

const strokeOf = (
  index: number,
  { colours, fontPx }: Drawing,
): Pick<FigureLine, 'colour' | 'widthPx' | 'dashPx' | 'opacity'> => ({
  colour: colours.curves[index % colours.curves.length] ?? colours.ink,
  widthPx: Math.max(1.5, fontPx / 7),
  dashPx: (dashes[index % dashes.length] ?? []).map((part) => part * fontPx),
  opacity: 1,
});

/** A vertical line for each mark, then the words, which lie neither over each other nor over a reference line. */
function markShapes({ box, references }: Panel, top: number, drawing: Drawing): FigureShape[] {
  const { marks, lastStep, colours, fontPx } = drawing;
  const lines = marks.map(({ step, label }) => ({
    x: box.left + (step / lastStep) * (box.right - box.left),
    width: textWidth(label, fontPx),
    label,
  }));
  const gap = 0.4 * fontPx;
  const taken = references.map(({ value }): PlotBox => {
    const y = box.bottom - (value / top) * (box.bottom - box.top);
    return { left: box.left, right: box.right, top: y - 0.1 * fontPx, bottom: y + 0.1 * fontPx };
  });
  const places = placeLabels(lines, box, 1.2 * fontPx, gap, taken);
  const shapes: FigureShape[] = lines.map(({ x }) =>
    line(
      [
        [x, box.top],
        [x, box.bottom],
      ],
      colours.mark,
      Math.max(1, fontPx / 12),
    ),
  );
  for (const [at, { x, label }] of lines.entries()) {
    const place = places[at] ?? null;
    if (place === null) continue;
    shapes.push({
      kind: 'text',
      x: x + (place.isRight ? gap : -gap),
      y: place.top + 0.6 * fontPx,
      text: label,
      anchor: place.isRight ? 'start' : 'end',
      sizePx: fontPx,
      colour: colours.mark,
      isBold: false,
      halo: colours.halo,
    });
  }
  return shapes;
}

/** Steps on each side that a thick curve is the mean of. */
const meanSteps = 5;

function smooth(values: readonly number[]): number[] {
  return values.map((_, at) => {
    const near = values.slice(Math.max(0, at - meanSteps), at + meanSteps + 1).filter(Number.isFinite);
    return near.reduce((sum, value) => sum + value, 0) / Math.max(1, near.length);
  });
}

function panelShapes(panel: Panel, drawing: Drawing): FigureShape[] {
  const { box, title, values, references } = panel;
  const { curves, lastStep, colours, fontPx } = drawing;
  const highest = Math.max(
    0.001,
    ...references.map(({ value }) => value),
    ...curves.flatMap((curve) => values(curve).filter(Number.isFinite)),
  );
  const top = 1.05 * highest;
  const heading: FigureText = {
    kind: 'text',
    x: box.left,
    y: box.top - 0.95 * fontPx,
    text: title,
    anchor: 'start',
    sizePx: fontPx,
    colour: colours.ink,
    isBold: true,
    halo: null,
  };
  const frame = line(
    [
      [box.left, box.top],
      [box.left, box.bottom],
      [box.right, box.bottom],
    ],
    colours.ink2,
    1,
  );
  const pointsFor = (curve: FigureCurve, drawn: readonly number[]): FigureLine['points'] =>
    drawn.map((value, at) => [
      box.left + ((curve.steps[at] ?? 0) / lastStep) * (box.right - box.left),
      box.bottom - (Math.max(0, value) / top) * (box.bottom - box.top),
    ]);
  // Thin: every step. Over all of these, thick: the means.
  const thin = curves.map((curve, index): FigureLine => {
    const { colour } = strokeOf(index, drawing);
    return { ...line(pointsFor(curve, values(curve)), colour, Math.max(1, fontPx / 16)), opacity: 0.35 };
  });
  const thick = curves.map((curve, index): FigureLine => ({
    kind: 'line',
    points: pointsFor(curve, smooth(values(curve))),
    ...strokeOf(index, drawing),
  }));
  return [
    heading,
    ...valueAxis(panel, top, drawing),
    ...stepAxis(panel, drawing),
    frame,
    ...thin,
    ...thick,
    ...markShapes(panel, top, drawing),
  ];
}

/** One row after another: a short piece of each curve, and its name. @returns the shapes, and how many rows they take */
function legend(drawing: Drawing, widthPx: number): { shapes: FigureShape[]; rows: number } {
  const { curves, colours, fontPx } = drawing;
  const shapes: FigureShape[] = [];
  let [x, row] = [fontPx, 0];
  for (const [index, { label }] of curves.entries()) {
    const width = 4.2 * fontPx + textWidth(label, fontPx);
    if (x > fontPx && x + width > widthPx) [x, row] = [fontPx, row + 1];
    const y = (1.1 + 1.5 * row) * fontPx;
    shapes.push({
      kind: 'line',
      points: [
        [x, y],
        [x + 2.2 * fontPx, y],
      ],
      ...strokeOf(index, drawing),
    });
    shapes.push({
      kind: 'text',
      x: x + 2.7 * fontPx,
      y,
      text: label,
      anchor: 'start',
      sizePx: fontPx,
      colour: colours.ink,
      isBold: false,
      halo: null,
    });
    x += width;
  }
  return { shapes, rows: row + 1 };
}

export interface FigureSize {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly fontPx: number;
}

/** Panels are beside each other where there is room, and below each other where not. @param lastStep where the axis of steps ends */
export function layOutFigure(
  curves: readonly FigureCurve[],
  lastStep: number,
  size: FigureSize,
  colours: FigureColours,
  marks: readonly FigureMark[] = [],
): FigureLayout {
  const { widthPx, heightPx, fontPx } = size;
  const drawing: Drawing = { curves, marks, lastStep, colours, fontPx };
  const { shapes, rows } = legend(drawing, widthPx);
  const uniforms = [...new Set(curves.map(({ outputDim }) => outputDim))].map((outputDim) => ({
    value: Math.log(outputDim),
    label: `ln ${outputDim}`,
  }));
  const isWide = widthPx >= 50 * fontPx;
  const top = (0.6 + 1.5 * rows) * fontPx;
  const cell = {
    width: isWide ? widthPx / 2 : widthPx,
    height: isWide ? heightPx - top : (heightPx - top) / 2,
  };
  const references =
    uniforms.length === 1 ? uniforms.map(({ value }) => ({ value, label: 'ln K' })) : uniforms;
  const margin = Math.max(
    4.2 * fontPx,
    fontPx + Math.max(0, ...references.map(({ label }) => textWidth(label, fontPx))),
  );
  const boxOf = (column: number, row: number): Box => ({
    left: column * cell.width + margin,
    top: top + row * cell.height + 1.9 * fontPx,
    right: (column + 1) * cell.width - 1.2 * fontPx,
    bottom: top + (row + 1) * cell.height - 1.8 * fontPx,
  });
  const panels: readonly Panel[] = [
    {
      title: 'Teacher’s entropy',
      box: boxOf(0, 0),
      values: ({ entropies }) => entropies,
      references,
    },
    {
      title: 'KL divergence',
      box: isWide ? boxOf(1, 0) : boxOf(0, 1),
      values: ({ kls }) => kls,
      references: [],
    },
  ];
  return {
    widthPx,
    heightPx,
    ground: colours.ground,
    shapes: [...shapes, ...panels.flatMap((panel) => panelShapes(panel, drawing))],
  };
}

const fontFamily = "'Instrument Sans Variable', 'Instrument Sans', sans-serif";
const short = (value: number): string => String(Number(value.toFixed(1)));

/** Width of a halo. */
export const haloEm = 0.3;

/** The points of a line as SVG's `points`. */
export const pointsOf = ({ points }: FigureLine): string =>
  points.map(([x, y]) => `${short(x)},${short(y)}`).join(' ');

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

function shapeToSvg(shape: FigureShape): string {
  if (shape.kind === 'line') {
    const dash = shape.dashPx.length === 0 ? '' : ` stroke-dasharray="${shape.dashPx.map(short).join(' ')}"`;
    return `<polyline points="${pointsOf(shape)}" fill="none" stroke="${shape.colour}" stroke-width="${short(shape.widthPx)}" stroke-linejoin="round"${dash}${shape.opacity === 1 ? '' : ` opacity="${shape.opacity}"`}/>`;
  }
  const { x, y, text, anchor, sizePx, colour, isBold, halo } = shape;
  const outline =
    halo === null ? '' : ` stroke="${halo}" stroke-width="${short(haloEm * sizePx)}" paint-order="stroke"`;
  const weight = (isBold ? ' font-weight="600"' : '') + outline;
  return `<text x="${short(x)}" y="${short(y + 0.35 * sizePx)}" text-anchor="${anchor}" font-size="${short(sizePx)}" fill="${colour}"${weight}>${escapeXml(text)}</text>`;
}

/** A whole SVG file. @param title what the figure shows, for screen readers and file managers */
export function figureToSvg({ widthPx, heightPx, ground, shapes }: FigureLayout, title: string): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}" viewBox="0 0 ${widthPx} ${heightPx}" font-family="${fontFamily}">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="100%" height="100%" fill="${ground}"/>`,
    ...shapes.map(shapeToSvg),
    '</svg>',
    '',
  ].join('\n');
}

type Context = Pick<
  OffscreenCanvasRenderingContext2D,
  | 'fillStyle'
  | 'strokeStyle'
  | 'lineWidth'
  | 'lineJoin'
  | 'font'
  | 'textAlign'
  | 'fillRect'
  | 'fillText'
  | 'strokeText'
  | 'globalAlpha'
  | 'beginPath'
  | 'lineTo'
  | 'stroke'
  | 'setLineDash'
>;

/** Draws it from (0, 0) on, in the layout's pixels. */
export function paintFigure(context: Context, { widthPx, heightPx, ground, shapes }: FigureLayout): void {
  context.fillStyle = ground;
  context.fillRect(0, 0, widthPx, heightPx);
  context.lineJoin = 'round';
  for (const shape of shapes) {
    if (shape.kind === 'line') {
      context.strokeStyle = shape.colour;
      context.lineWidth = shape.widthPx;
      context.setLineDash([...shape.dashPx]);
      context.beginPath();
      for (const [x, y] of shape.points) context.lineTo(x, y);
      context.globalAlpha = shape.opacity;
      context.stroke();
      context.globalAlpha = 1;
    } else {
      context.fillStyle = shape.colour;
      context.font = `${shape.isBold ? '600 ' : ''}${shape.sizePx}px ${fontFamily}`;
      context.textAlign = shape.anchor === 'middle' ? 'center' : shape.anchor;
      if (shape.halo !== null) {
        context.strokeStyle = shape.halo;
        context.lineWidth = haloEm * shape.sizePx;
        context.setLineDash([]);
        context.strokeText(shape.text, shape.x, shape.y + 0.35 * shape.sizePx);
      }
      context.fillText(shape.text, shape.x, shape.y + 0.35 * shape.sizePx);
    }
  }
}

/** A column of steps, then entropy and KL of each curve; a cell is empty where a curve has no such step. Natural logarithms. */
export function figureToCsv(curves: readonly FigureCurve[]): string {
  const quote = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const steps = [...new Set(curves.flatMap((curve) => curve.steps))].sort((a, b) => a - b);
  const byStep = curves.map(({ steps: own }) => new Map(own.map((step, at) => [step, at])));
  const header = ['step', ...curves.flatMap(({ label }) => [`${label}: entropy`, `${label}: KL`])];
  const rows = steps.map((step) => [
    String(step),
    ...curves.flatMap(({ entropies, kls }, index) => {
      const at = byStep[index]?.get(step);
      return at === undefined ? ['', ''] : [String(entropies[at] ?? ''), String(kls[at] ?? '')];
    }),
  ]);
  return [header, ...rows].map((row) => `${row.map(quote).join(',')}\n`).join('');
}
