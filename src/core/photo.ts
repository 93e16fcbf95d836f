/** How a photograph is brought to the model's size. */
export interface FramingOptions {
  /** 'photograph' keeps the aspect ratio; 'square' squashes to sidePx × sidePx as visualize_attention.py does. */
  readonly shape: 'photograph' | 'square';
  /** The long side of what the model sees, in px. */
  readonly sidePx: number;
}

/** Something that was done to a photograph on the way in, and that its owner should know. */
export type PhotoNotice =
  'animation-first-frame' | 'cmyk-converted' | 'sixteen-bit-reduced' | 'alpha-flattened';
