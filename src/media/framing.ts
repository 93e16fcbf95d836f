/**
 * Where on the photograph the model looks: patches laid over it without squashing.
 */
import type { Box, Size } from '../core/geometry.ts';
import type { FramingOptions } from '../core/photo.ts';

export interface Framing {
  /** Patches, height before width. */
  readonly rows: number;
  readonly columns: number;
  /** rows × patch by columns × patch. */
  readonly inputSizePx: Size;
  /** The part of the photograph that becomes the input, in px of the photograph. */
  readonly box: Box;
  /** 'bicubic' for photographs; 'bilinear' is what torchvision's Resize does in visualize_attention.py. */
  readonly filter: 'bicubic' | 'bilinear';
}

/**
 * 'photograph': the long side gets as many whole patches as fit in `sidePx`, the short side the nearest whole number.
 * One scale serves both sides, so nothing is squashed; where the rounded grid does not fit the photograph exactly, one side
 * is cut, evenly at its two ends. With n patches on the short side that is at most 1 / 2n of the side, and more only where
 * the photograph is thinner than half a patch.
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
  const longPx = Math.max(photo.height, photo.width);
  const patchesFor = (sidePx: number): number =>
    Math.max(1, Math.floor((sidePx * longPatches) / longPx + 0.5));
  const rows = patchesFor(photo.height);
  const columns = patchesFor(photo.width);
  const inputSizePx = { height: rows * patchSizePx, width: columns * patchSizePx };
  const scale = Math.max(inputSizePx.height / photo.height, inputSizePx.width / photo.width);
  const height = Math.min(photo.height, inputSizePx.height / scale);
  const width = Math.min(photo.width, inputSizePx.width / scale);
  const box = { top: (photo.height - height) / 2, left: (photo.width - width) / 2, height, width };
  return { rows, columns, inputSizePx, box, filter: 'bicubic' };
}
