/** Finds objects without labels, from the similarity of patches: LOST, TokenCut, MaskCut. */
import { defineCodec, oneOf, onOrOff, realNumber, wholeNumber, type Field } from '../../core/codec.ts';
import type { Frame } from '../../core/frame.ts';
import type { Box, PatchGrid } from '../../core/geometry.ts';
import type { FeatureChoice } from '../../core/model.ts';
import { featureFields, type FeatureParams } from '../feature-choice.ts';
import type { LensContract } from '../lens-contract.ts';
import { mapDrawingFields } from '../shared-fields.ts';

/** MaskCut finds one with each map that it makes; the other methods make fewer. */
const mostObjects = 10;

const methods = ['tokencut', 'lost', 'maskcut'] as const;

export interface ObjectsParams extends FeatureParams {
  readonly method: (typeof methods)[number];
  /** TokenCut and MaskCut: patches with a cosine above this are similar. */
  readonly threshold: number;
  /** MaskCut: the largest number of objects. */
  readonly most: number;
  /** Whether masks follow the photograph's edges, by the bilateral solver. */
  readonly refine: boolean;
}

/** The objects, or one of the maps that they were computed from, by its index from 0. */
export type ObjectsChoice = 'objects' | number;

export interface ObjectsDrawing {
  readonly view: ObjectsChoice;
  readonly smooth: boolean;
  readonly contour: boolean;
  readonly boxes: boolean;
}

interface RefinedObject {
  /** shape [rows, columns] of the result's `fineGrid`: 1 for pixels of the object, else 0. */
  readonly mask: Float32Array<ArrayBuffer>;
  /** Whether it is the mask of patches: what the solver found had too little to do with it. */
  readonly isAsGiven: boolean;
}

export interface FoundObject {
  /** shape [rows, columns]: 1 for patches of the object, else 0. */
  readonly mask: Float32Array<ArrayBuffer>;
  /** Index of the seed patch. */
  readonly seed: number;
  /** Null where nothing was refined. */
  readonly refined: RefinedObject | null;
  /** The smallest rectangle around it, refined if it is, in whole px of the photograph. */
  readonly box: Box;
}

/** The map of one step of the method. */
export interface ObjectsStep {
  readonly name: string;
  /** The meaning of large values. */
  readonly meaning: string;
  /** shape [rows, columns] */
  readonly map: Float32Array<ArrayBuffer>;
}

export interface ObjectsResult {
  readonly features: FeatureChoice;
  readonly rows: number;
  readonly columns: number;
  /** Of refined masks: the pixels of the part that the network saw, at most 512 on its long side. Null where nothing was refined. */
  readonly fineGrid: PatchGrid | null;
  /** In the order in which they were found. */
  readonly objects: readonly FoundObject[];
  readonly steps: readonly ObjectsStep[];
}

/** @returns where refined masks are on the photograph */
export function fineFrameOf({ seenBox, ...frame }: Frame, fineGrid: PatchGrid): Frame {
  return { ...frame, ...fineGrid, box: seenBox ?? frame.box };
}

const viewField: Field<ObjectsChoice> = {
  defaultValue: 'objects',
  form: `objects, or the number of a map that they came from, from 1 to ${mostObjects}`,
  help: 'what is drawn',
  read: (text) => {
    if (text === 'objects') return text;
    const number = Number(text);
    return /^\d+$/.test(text) && number >= 1 && number <= mostObjects ? number - 1 : null;
  },
  write: (view) => (view === 'objects' ? view : String(view + 1)),
};

export const objectsContract: LensContract<ObjectsParams, ObjectsDrawing, ObjectsResult> = {
  title: 'Objects',
  about: 'What stands out from its surroundings, found without a label.',
  asks: false,
  params: defineCodec({
    method: oneOf(methods, { help: 'how objects are found; maskcut finds several' }),
    ...featureFields,
    threshold: realNumber({
      defaultValue: 0.2,
      min: -1,
      max: 1,
      help: 'tokencut and maskcut: patches whose cosine is above it are alike',
    }),
    most: wholeNumber({ defaultValue: 3, min: 1, max: mostObjects, help: 'maskcut: most objects' }),
    refine: onOrOff({
      defaultValue: false,
      help: 'masks follow the photograph’s edges, by the bilateral solver as in TokenCut',
    }),
  }),
  forgets: ['view'],
  drawing: defineCodec({
    view: viewField,
    smooth: mapDrawingFields.smooth,
    contour: mapDrawingFields.contour,
    boxes: onOrOff({ defaultValue: true, help: 'the rectangle that holds each object' }),
  }),
};
