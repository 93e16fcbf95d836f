/** Where the patch grid is on a photograph, and how long a pass took. */
import type { Box, Size } from './geometry.ts';
import type { PhotoNotice } from './photo.ts';

/** Where a map of patches is on its photograph; all that drawing needs. */
export interface Frame {
  /** Patches, height before width. */
  readonly rows: number;
  readonly columns: number;
  /**
   * The part of the upright photograph that the grid's cells cover, in px of the photograph. A cell is a patch; where
   * patches overlap, it is stride × stride around a patch's middle, so that cells never overlap.
   */
  readonly box: Box;
  /** The part that the network saw, where it is larger than `box`: patches that overlap reach beyond their cells. */
  readonly seenBox?: Box;
  /** The upright photograph's own size in px. */
  readonly photoSizePx: Size;
  /** What the network saw, in px. */
  readonly inputSizePx: Size;
}

/** The part of the upright photograph that the network saw, in px of the photograph. */
export const seenBoxOf = ({ box, seenBox = box }: Pick<Frame, 'box' | 'seenBox'>): Box => seenBox;

/** @returns the share of the photograph's area that no patch covers, 0..1 */
export function unseenShare(frame: Pick<Frame, 'box' | 'seenBox' | 'photoSizePx'>): number {
  const { height, width } = seenBoxOf(frame);
  return Math.max(0, 1 - (height * width) / (frame.photoSizePx.height * frame.photoSizePx.width));
}

/** Less is not worth a word: a strip that rounding leaves. */
export const leastUnseenShare = 0.0005;

/** In ms, as measured; 0 where nothing had to be done. */
interface PassTimings {
  /** Time spent waiting for the decoder; shorter where the photograph was decoded while another one ran. */
  readonly decodeMs: number;
  readonly prepareMs: number;
  /** Forward pass, from the first op to the values read back from the device. */
  readonly forwardMs: number;
}

/** What is known of one pass of one photograph through one network. */
export interface PassFacts {
  readonly frame: Frame;
  /** T: CLS, registers and patches. */
  readonly tokens: number;
  readonly timings: PassTimings;
  readonly notices: readonly PhotoNotice[];
}
