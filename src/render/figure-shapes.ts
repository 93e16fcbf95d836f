/** What a figure is made of: lines and words, in its own pixels. The page, a saved SVG and a saved PNG draw the same. */
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

/** Letters are measured nowhere: a saved file is drawn with a font of the reader's. Few fonts are wider than this. */
const letterWidthEm = 0.58;

export const textWidth = (text: string, sizePx: number): number => text.length * letterWidthEm * sizePx;

export const line = (points: FigureLine['points'], colour: string, widthPx: number): FigureLine => ({
  kind: 'line',
  points,
  colour,
  widthPx,
  dashPx: [],
  opacity: 1,
});
