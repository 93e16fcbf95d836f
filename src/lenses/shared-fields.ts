/** Fields of a codec that several lenses have: how a map is drawn, and which head of a block. */
import { onOrOff, oneOf, wholeNumber, type Field, type Fields } from '../core/codec.ts';
import type { MapDrawing } from '../render/map-layers.ts';

export const mapDrawingFields: Fields<MapDrawing> = {
  style: oneOf(['heat', 'mask'], { help: 'how one map is drawn' }),
  mass: wholeNumber({
    defaultValue: 60,
    min: 1,
    max: 99,
    help: 'per cent of the attention that a mask keeps',
  }),
  smooth: onOrOff({ defaultValue: true, help: 'interpolated between patches; off: patch by patch' }),
  contour: onOrOff({ defaultValue: true, help: 'a line around each mask' }),
};

/**
 * A head by its index from 0; in text it counts from 1.
 * @param words what may be shown instead of one head, the default first
 */
export const headField = <const W extends string>(
  words: readonly [W, ...W[]],
  help: string,
): Field<W | number> => ({
  defaultValue: words[0],
  form: `${words.join(', ')}, or the number of a head from 1`,
  help,
  read: (text) =>
    words.find((word) => word === text) ?? (/^[1-9]\d{0,2}$/.test(text) ? Number(text) - 1 : null),
  write: (view) => (typeof view === 'number' ? String(view + 1) : view),
});
