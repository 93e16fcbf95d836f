/**
 * The framing: how the grid of patches is placed on the photograph, without squashing.
 */
import type { Box, Size } from '../core/geometry.ts';
import type { FramingOptions } from '../core/photo.ts';

export interface Framing {
  /** Patches, height before width. */
  readonly rows: number;
  readonly columns: number;
  /** height rows × patch size, width columns × patch size. */
  readonly inputSizePx: Size;
  /** The part of the photograph that becomes the input, in px of the photograph. */
  readonly box: Box;
  /** 'bicubic' for photographs; 'bilinear' as torchvision's Resize in visualize_attention.py. */
  readonly filter: 'bicubic' | 'bilinear';
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
 */
export function framePhotograph(photo: Size, options: FramingOptions, patchSizePx: number): Framing {
  const longPatches = Math.max(1, Math.floor(options.sidePx / patchSizePx));
  if (options.shape === 'square') {
    const sidePx = longPatches * patchSizePx;
    return {
      rows: longPatches,
      columns: longPatches,
      inputSizePx: { height: sidePx, width: sidePx },
      box: { top: 0, left: 0, ...photo },
      filter: 'bilinear',
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
