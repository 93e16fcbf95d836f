/** What is drawn over a photograph: layers, from the lowest to the uppermost. A lens makes them, `paint-layers` draws them. */
import type { Frame } from '../core/frame.ts';
import type { Box, PatchPosition } from '../core/geometry.ts';
import type { ValueRange } from '../attention/value-range.ts';
import type { ColourMapName, Rgb } from './colour-maps.ts';

/**
 * One value a patch, shape [rows, columns] of the layer's frame. Drawings are cached by the array's identity, so a
 * map must be the same array each time and must not change.
 */
export type PatchValues = Float32Array;

/** A map in colours. */
export interface ScalarLayer {
  readonly kind: 'scalar';
  readonly frame: Frame;
  readonly map: PatchValues;
  readonly colours: ColourMapName;
  /** The values at the two ends of the colours; null: the map's smallest and largest value. */
  readonly range: ValueRange | null;
  /** Interpolated between patches, or patch by patch. */
  readonly smooth: boolean;
  /** 0..1 */
  readonly opacity: number;
}

/** Dims everything outside the mask. The mask keeps the largest values that together make up a share of the sum. */
export interface VeilLayer {
  readonly kind: 'veil';
  readonly frame: Frame;
  readonly map: PatchValues;
  readonly share: number;
  readonly smooth: boolean;
  readonly opacity: number;
}

/** That mask's edge as a line. */
export interface OutlineLayer {
  readonly kind: 'outline';
  readonly frame: Frame;
  readonly map: PatchValues;
  readonly share: number;
  readonly smooth: boolean;
  readonly colour: Rgb;
}

export interface ColouredMap {
  readonly map: PatchValues;
  readonly colour: Rgb;
}

/**
 * Several such masks, each in its colour. Where they overlap, the strongest one is shown. Everything outside all
 * masks is dimmed.
 */
export interface MasksLayer {
  readonly kind: 'masks';
  readonly frame: Frame;
  readonly masks: readonly ColouredMap[];
  readonly share: number;
  readonly smooth: boolean;
  readonly opacity: number;
  /** A line around each colour. */
  readonly contour: boolean;
}

/** A frame around one patch. */
export interface MarkLayer {
  readonly kind: 'mark';
  readonly frame: Frame;
  readonly patch: PatchPosition;
}

/** How a map's values become the brightness of one colour, 0..1: from min to max, or by the sigmoid of twice what it is of `deviation`. */
export type ChannelScale =
  | { readonly kind: 'range'; readonly min: number; readonly max: number }
  | { readonly kind: 'sigmoid'; readonly deviation: number };

export interface Channel {
  readonly map: PatchValues;
  readonly scale: ChannelScale;
}

/** Three maps as red, green and blue. */
export interface RgbLayer {
  readonly kind: 'rgb';
  readonly frame: Frame;
  /** At most three; those that are missing are at half brightness. */
  readonly channels: readonly Channel[];
  /** 1 for patches that are coloured, all else is dimmed; null where all are. */
  readonly kept: PatchValues | null;
  readonly smooth: boolean;
  readonly opacity: number;
}

/** A rectangle's edge. */
export interface BoxLayer {
  readonly kind: 'box';
  /** Of the photograph that it lies on. */
  readonly frame: Frame;
  /** In px of the photograph. */
  readonly box: Box;
  readonly colour: Rgb;
}

export type Layer = ScalarLayer | VeilLayer | OutlineLayer | MasksLayer | MarkLayer | BoxLayer | RgbLayer;

const isSame = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true;
  // Maps are compared by identity.
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || ArrayBuffer.isView(a))
    return false;
  const [mine, others] = [Object.entries(a), Object.entries(b)];
  return (
    mine.length === others.length &&
    mine.every(([name, value]) => isSame(value, (b as Readonly<Record<string, unknown>>)[name]))
  );
};

/** Whether two lists of layers draw the same. */
export const drawTheSame = (a: readonly Layer[], b: readonly Layer[]): boolean => isSame(a, b);
