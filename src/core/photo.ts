import { usableOverlap, type Overlap } from './overlap.ts';
import { assertNever } from './result.ts';

/** How a photograph is brought to the model's size. */
export interface FramingOptions {
  /**
   * 'photograph' keeps the aspect ratio; 'square' squashes to sidePx × sidePx as visualize_attention.py does; 'official' is the middle square,
   * sidePx wide, of a photograph whose shorter side was made sidePx · 256 / 224, as eval_knn.py and eval_linear.py do.
   */
  readonly shape: 'photograph' | 'square' | 'official';
  /** The long side of what the model sees, in px. */
  readonly sidePx: number;
  /** How far patches overlap: the stride is the patch's side / overlap. 1 where it is left out. */
  readonly overlap?: Overlap;
}

/** The framing with as much of the wanted overlap as the network's patches allow. */
export function fitFraming(framing: FramingOptions, patchSizePx: number): FramingOptions {
  const { overlap: wanted = 1 } = framing;
  const overlap = usableOverlap(wanted, patchSizePx);
  return overlap === wanted ? framing : { ...framing, overlap };
}

/** The same text for framings that give the same input and the same grid. */
export const keyOfFraming = ({ shape, sidePx, overlap = 1 }: FramingOptions): string =>
  `${shape} ${sidePx} ${overlap}`;

/**
 * How exact the pixels are that the browser gives the page. 'altered': slightly wrong, and the person is told.
 * 'hidden': noise, which must not be used.
 */
export type PixelAccuracy = 'exact' | 'altered' | 'hidden';

/** A change that was made to a photograph when it was read, and that the person should know. */
export type PhotoNotice =
  | 'animation-first-frame'
  | 'cmyk-converted'
  /** This browser converts CMYK to RGB in a way of its own. */
  | 'cmyk-by-browser'
  | 'sixteen-bit-reduced'
  | 'alpha-flattened'
  | 'colours-as-stored'
  | 'end-missing'
  /** The browser gives pages pixels that are a little wrong, as a protection against fingerprinting. */
  | 'pixels-altered';

/** @returns one sentence, for the page and the command line alike */
export function describePhotoNotice(notice: PhotoNotice): string {
  switch (notice) {
    case 'animation-first-frame':
      return 'This is an animation: its first frame is shown.';
    case 'cmyk-converted':
      return 'CMYK colours were converted to RGB; they may look a little different.';
    case 'cmyk-by-browser':
      return 'This browser converts CMYK in a way of its own, so the numbers differ from those of the official scripts.';
    case 'sixteen-bit-reduced':
      return '16 bits a colour were reduced to 8.';
    case 'alpha-flattened':
      return 'Transparent parts were laid on white.';
    case 'colours-as-stored':
      return 'Its colour profile is not applied: the network sees the colours as they are stored, as in the official scripts.';
    case 'end-missing':
      return 'The end of this file is missing or odd, but the picture is whole.';
    case 'pixels-altered':
      return 'This browser changes the pixels that pages read (protection against fingerprinting), so the numbers are a little off.';
    default:
      return assertNever(notice);
  }
}
