/** A figure as SVG, and on a canvas. */
import type { FigureLayout, FigureLine, FigureShape } from './figure-shapes.ts';

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
