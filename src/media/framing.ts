/**
 * The framing: how the grid of patches is placed on the photograph, without squashing.
 */
import type { Box, Size } from '../core/geometry.ts';
import { finerGrid } from '../core/overlap.ts';
import type { FramingOptions } from '../core/photo.ts';

export interface Framing {
  /** Patches, height before width. */
  readonly rows: number;
  readonly columns: number;
  /** Whole patches beside each other: rows × patch size, columns × patch size where they do not overlap. */
  readonly inputSizePx: Size;
  /** The part of the photograph that becomes the input, in px of the photograph. */
  readonly box: Box;
  /** The part of the photograph that the grid's cells cover, see `Frame`; `box` where patches do not overlap. */
  readonly cells: Box;
  /** The input is this part of the whole photograph brought to `wholePx`. Left out: `box` alone is resized. */
  readonly cut?: { readonly wholePx: Size; readonly top: number; readonly left: number };
  /** 'bicubic' for photographs; 'bilinear' as torchvision's Resize in visualize_attention.py. */
  readonly filter: 'bicubic' | 'bilinear';
}

/**
 * The part of the photograph that the cells of the grid cover: stride × stride around the middle of each patch. The whole
 * box where patches do not overlap.
 */
function cellsOf({ box, inputSizePx }: Omit<Framing, 'cells'>, patchSizePx: number, stridePx: number): Box {
  if (stridePx === patchSizePx) return box;
  const marginPx = patchSizePx - stridePx;
  const [down, across] = [box.height / inputSizePx.height, box.width / inputSizePx.width];
  return {
    top: box.top + (marginPx / 2) * down,
    left: box.left + (marginPx / 2) * across,
    height: box.height - marginPx * down,
    width: box.width - marginPx * across,
  };
}

/** If more than this part of a photograph would be cut, the input may be longer than requested. */
const muchLost = 1 / 8;

/** Numbers of patches on the long and the short side. */
type SideCounts = readonly [long: number, short: number];

/**
 * Rounds the short side's number of patches up or down, whichever loses less. A very long photograph may lose much either way. Then the
 * long side is tried with as many patches as fit the short side, if the total is at most that of a square photograph.
 * @param longPatches the requested number
 */
function countPatches(longPx: number, shortPx: number, longPatches: number): SideCounts {
  /** The part that is lost: one side is used whole, and the other is cut to the grid's shape. */
  const lossOf = ([long, short]: SideCounts): number => {
    const ratio = (short * longPx) / (long * shortPx);
    return 1 - Math.min(ratio, 1 / ratio);
  };
  const better = (best: SideCounts, next: SideCounts): SideCounts =>
    lossOf(next) < lossOf(best) ? next : best;
  const exact = (shortPx * longPatches) / longPx;
  const [down, up] = [Math.max(1, Math.floor(exact)), Math.ceil(exact)];
  const asAsked = better([longPatches, down], [longPatches, up]);
  if (lossOf(asAsked) <= muchLost) return asAsked;
  const fitting = (up * longPx) / shortPx;
  return [Math.floor(fitting), Math.ceil(fitting)]
    .filter((long) => long * up <= longPatches * longPatches)
    .map((long): SideCounts => [long, up])
    .reduce(better, asAsked);
}

/**
 * 'photograph': the long side gets as many whole patches as fit in `sidePx`, the short side the whole number that loses less. Both sides
 * have the same scale, so nothing is squashed. If the grid does not fit the photograph exactly, one side is cut, equally at both ends:
 * at most 1 / 8 of it if the short side has four patches. A thinner photograph, which would lose more, gets a longer input instead;
 * see `countPatches`.
 * 'square': the whole photograph, squashed to a square, as the official script does.
 * 'official': the middle of the resized photograph, see `frameMiddle`.
 * Patches that overlap lie in the same input; there are more of them: (side − patch) / stride + 1.
 * @param patchSizePx a multiple of the overlap
 */
export function framePhotograph(photo: Size, options: FramingOptions, patchSizePx: number): Framing {
  const { overlap = 1 } = options;
  const stridePx = patchSizePx / overlap;
  if (!Number.isInteger(stridePx)) throw new Error(`a stride of ${patchSizePx} / ${overlap} px`);
  const framing = frameWholePatches(photo, options, patchSizePx);
  return {
    ...framing,
    ...finerGrid(framing, overlap),
    cells: cellsOf(framing, patchSizePx, stridePx),
  };
}

/** As Python's round. */
const roundHalfToEven = (value: number): number =>
  value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value);

/** torchvision's Resize(256), bicubic, and CenterCrop(224), or the same for other sides. */
function frameMiddle(photo: Size, sidePx: number): Pick<Framing, 'box' | 'cut' | 'filter'> {
  const shortPx = Math.round((sidePx * 256) / 224);
  const long = (longPx: number, otherPx: number): number => Math.trunc((shortPx * longPx) / otherPx);
  const wholePx =
    photo.height < photo.width
      ? { height: shortPx, width: long(photo.width, photo.height) }
      : { height: long(photo.height, photo.width), width: shortPx };
  const top = roundHalfToEven((wholePx.height - sidePx) / 2);
  const left = roundHalfToEven((wholePx.width - sidePx) / 2);
  const [down, across] = [photo.height / wholePx.height, photo.width / wholePx.width];
  const box = { top: top * down, left: left * across, height: sidePx * down, width: sidePx * across };
  return { box, cut: { wholePx, top, left }, filter: 'bicubic' };
}

/** The framing by patches that do not overlap. */
function frameWholePatches(
  photo: Size,
  options: FramingOptions,
  patchSizePx: number,
): Omit<Framing, 'cells'> {
  const longPatches = Math.max(1, Math.floor(options.sidePx / patchSizePx));
  if (options.shape !== 'photograph') {
    const sidePx = longPatches * patchSizePx;
    return {
      rows: longPatches,
      columns: longPatches,
      inputSizePx: { height: sidePx, width: sidePx },
      ...(options.shape === 'official'
        ? frameMiddle(photo, sidePx)
        : { box: { top: 0, left: 0, ...photo }, filter: 'bilinear' }),
    };
  }
  const isTall = photo.height > photo.width;
  const [longPx, shortPx] = isTall ? [photo.height, photo.width] : [photo.width, photo.height];
  const [long, short] = countPatches(longPx, shortPx, longPatches);
  const [rows, columns] = isTall ? [long, short] : [short, long];
  const inputSizePx = { height: rows * patchSizePx, width: columns * patchSizePx };
  const scale = Math.max(inputSizePx.height / photo.height, inputSizePx.width / photo.width);
  const height = Math.min(photo.height, inputSizePx.height / scale);
  const width = Math.min(photo.width, inputSizePx.width / scale);
  const box = { top: (photo.height - height) / 2, left: (photo.width - width) / 2, height, width };
  return { rows, columns, inputSizePx, box, filter: 'bicubic' };
}
