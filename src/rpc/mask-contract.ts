/** What the engine's worker reads of masks that people drop beside photographs. It keeps pixels away from the page. */
import type { MaskGrid } from '../core/found-mask.ts';
import type { Box, Size } from '../core/geometry.ts';
import type { CellCounts } from '../score/fit.ts';

/** What the page knows of a mask. */
export interface MaskFacts {
  /** Objects, at least one. */
  readonly count: number;
  /** The share of its pixels that are a border and do not count, 0..1. */
  readonly borderShare: number;
  /** Of each object, in px of the photograph. */
  readonly boxes: readonly Box[];
  /** All objects together, for drawing their outline. */
  readonly outline: {
    readonly rows: number;
    readonly columns: number;
    /** shape [rows, columns]: 1 where most pixels are of an object, else 0 */
    readonly values: Float32Array<ArrayBuffer>;
  };
}

type MaskReading =
  | { readonly kind: 'mask'; readonly facts: MaskFacts }
  /** `problem` is a phrase: "it cannot be decoded". */
  | { readonly kind: 'no-mask'; readonly problem: string }
  /** A mask, but not of this photograph. */
  | { readonly kind: 'other-shape'; readonly maskPx: Size; readonly photoPx: Size };

export interface MaskContract {
  /** Whether a picture is a photograph's mask, by its pixels and by both sizes. */
  readMask: {
    request: {
      readonly mask: Blob;
      readonly photo: Blob;
      /** Whether only the name says so: then a mask must have a background. */
      readonly isGuess: boolean;
    };
    progress: never;
    result: MaskReading;
  };
  /** Counts the mask's pixels in each cell of a grid, once for every mask on it. */
  countCells: {
    request: {
      /** The same for the same mask. */
      readonly id: string;
      readonly mask: Blob;
      readonly grid: MaskGrid;
    };
    progress: never;
    result: CellCounts;
  };
}
