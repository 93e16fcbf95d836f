/**
 * The two panels of the paper's figure 7, the teacher's entropy and KL divergence, with any number of trainings over each other. Laid out
 * once as lines and words.
 */
import {
  stepAxis,
  valueAxis,
  type Box,
  type Drawing,
  type FigureCurve,
  type FigureMark,
  type Panel,
} from './figure-axes.ts';
import {
  line,
  textWidth,
  type FigureColours,
  type FigureLayout,
  type FigureLine,
  type FigureShape,
  type FigureText,
} from './figure-shapes.ts';
import { placeLabels, type PlotBox } from './place-labels.ts';

const dashes: readonly (readonly number[])[] = [[], [0.7, 0.4], [0.15, 0.35], [1.1, 0.35, 0.15, 0.35]];

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

/** @param values of every step */
export function meanAround(values: readonly number[], at: number): number {
  const near = values.slice(Math.max(0, at - meanSteps), at + meanSteps + 1).filter(Number.isFinite);
  return near.reduce((sum, value) => sum + value, 0) / Math.max(1, near.length);
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
  const thick = curves.map((curve, index): FigureLine => {
    const own = values(curve);
    const { means } = curve;
    const mean =
      means === undefined ? own.map((_, at) => meanAround(own, at)) : values({ ...curve, ...means });
    return { kind: 'line', points: pointsFor(curve, mean), ...strokeOf(index, drawing) };
  });
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
