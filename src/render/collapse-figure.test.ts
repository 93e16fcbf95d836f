import { describe, expect, test } from 'vitest';
import { layOutFigure } from './collapse-figure.ts';
import { roundTicks, type FigureCurve } from './figure-axes.ts';
import { figureToCsv } from './figure-csv.ts';
import { figureToSvg } from './figure-output.ts';
import { paperColours, type FigureText } from './figure-shapes.ts';

const curve = (label: string, outputDim = 64, count = 300): FigureCurve => ({
  label,
  outputDim,
  steps: Array.from({ length: count }, (_, i) => i + 1),
  entropies: Array.from({ length: count }, (_, i) => Math.log(outputDim) * (1 - i / count)),
  kls: Array.from({ length: count }, (_, i) => 0.5 * (i / count)),
});

const curves = ['Centring and sharpening', 'No centring', 'No sharpening'].map((label) => curve(label));

/** A font of wide letters. */
function boxOf({ x, y, text, anchor, sizePx }: FigureText) {
  const width = 0.58 * sizePx * text.length;
  const left = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2;
  return { text, left, right: left + width, top: y - sizePx / 2, bottom: y + sizePx / 2 };
}

describe('words', () => {
  test.each([
    [1200, 480, 16],
    [1800, 700, 30],
    [358, 560, 14],
    [700, 300, 14],
  ])(
    'lie neither over each other nor outside (%i × %i px, letters of %i px)',
    (widthPx, heightPx, fontPx) => {
      for (const shown of [
        curves,
        [...curves, curve('a run of many outputs', 65), curve('another', 1024, 90)],
      ]) {
        const marks = [20, 22, 24, 150, 290].map((step) => ({ step, label: 'sharpening off' }));
        const { shapes } = layOutFigure(shown, 300, { widthPx, heightPx, fontPx }, paperColours, marks);
        const boxes = shapes.filter((shape) => shape.kind === 'text').map(boxOf);
        expect(boxes.length).toBeGreaterThan(10);
        for (const [at, box] of boxes.entries()) {
          expect(box.left, `words ${box.text}`).toBeGreaterThanOrEqual(0);
          expect(box.right, `words ${box.text}`).toBeLessThanOrEqual(widthPx);
          expect(box.top, `words ${box.text}`).toBeGreaterThanOrEqual(0);
          expect(box.bottom, `words ${box.text}`).toBeLessThanOrEqual(heightPx);
          for (const other of boxes.slice(0, at)) {
            const isApart =
              box.left >= other.right ||
              box.right <= other.left ||
              box.top >= other.bottom ||
              box.bottom <= other.top;
            expect(isApart, `${box.text} and ${other.text}`).toBe(true);
          }
        }
      }
    },
  );

  test('say ln K where all curves have one K, and which where they differ', () => {
    const wordsOf = (shown: readonly FigureCurve[]): string[] =>
      layOutFigure(shown, 300, { widthPx: 1200, heightPx: 480, fontPx: 16 }, paperColours).shapes.flatMap(
        (shape) => (shape.kind === 'text' ? shape.text : []),
      );
    expect(wordsOf(curves)).toContain('ln K');
    expect(wordsOf([curve('a', 64), curve('b', 1024)])).toEqual(expect.arrayContaining(['ln 64', 'ln 1024']));
  });
});

test('ticks are round numbers', () => {
  expect(roundTicks(0, 4.37, 5)).toEqual([0, 1, 2, 3, 4]);
  expect(roundTicks(0, 300, 4)).toEqual([0, 100, 200, 300]);
  expect(roundTicks(0, 0.0042, 4)).toEqual([0, 0.002, 0.004]);
});

test('a file of SVG says what it shows, and its words are escaped', () => {
  const layout = layOutFigure(
    [curve('a < b & "c"')],
    300,
    { widthPx: 600, heightPx: 400, fontPx: 14 },
    paperColours,
  );
  const svg = figureToSvg(layout, 'Figure 7');
  expect(svg).toContain('<title>Figure 7</title>');
  expect(svg).toContain('a &lt; b &amp; &quot;c&quot;');
  // Thin and thick in two panels, and the legend.
  expect(svg.match(/stroke="#141415"/g)).toHaveLength(5);
});

test('the table has a row for each step and empty cells where a curve has none', () => {
  const short: FigureCurve = { label: 'a, b', outputDim: 4, steps: [2], entropies: [0.25], kls: [0.5] };
  const long: FigureCurve = {
    label: 'c',
    outputDim: 4,
    steps: [1, 2],
    entropies: [1, 0.75],
    kls: [0, 0.125],
  };
  expect(figureToCsv([short, long])).toBe(
    'step,"a, b: entropy","a, b: KL",c: entropy,c: KL\r\n1,,,1,0\r\n2,0.25,0.5,0.75,0.125\r\n',
  );
});
