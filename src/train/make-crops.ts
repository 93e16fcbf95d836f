/** Photographs → the crops of a step. Plain arrays and no tensor, so that it can run on any thread. */
import type { Size } from '../core/geometry.ts';
import { randomStream, shuffled } from '../core/random.ts';
import type { TrainingConfiguration } from '../core/training.ts';
import {
  adjustBrightness,
  adjustContrast,
  adjustHue,
  adjustSaturation,
  mirror,
  solarise,
  turnGrey,
} from '../media/adjust-colours.ts';
import { gaussianBlur } from '../media/gaussian-blur.ts';
import { normalisePixels } from '../media/prepare-input.ts';
import { resampleCut, type PixelGrid } from '../media/resample.ts';
import { globalViews, type CropBatch } from './crop-batch.ts';
import { drawCropPlan, type ColourAdjustment, type CropKind, type CropPlan } from './crop-plan.ts';

/** A crop as a person may look at it. */
export interface CropPicture extends Size {
  readonly kind: CropKind;
  /** Index of the photograph it was taken from. */
  readonly photograph: number;
  /** RGB, shape [height, width, 3] */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

const adjust: Readonly<
  Record<ColourAdjustment['kind'], (pixels: Uint8ClampedArray, factor: number) => void>
> = {
  brightness: adjustBrightness,
  contrast: adjustContrast,
  saturation: adjustSaturation,
  hue: adjustHue,
};

/** @returns RGB, shape [sidePx, sidePx, 3] */
export function makeCrop(photo: PixelGrid, plan: CropPlan, sidePx: number): Uint8ClampedArray<ArrayBuffer> {
  const side = { height: sidePx, width: sidePx };
  // torchvision cuts before it resizes.
  const pixels = resampleCut(photo, plan.box, side, 'bicubic');
  if (plan.mirrored) mirror(pixels, sidePx);
  for (const { kind, factor } of plan.adjustments) adjust[kind](pixels, factor);
  if (plan.grey) turnGrey(pixels);
  if (plan.blurRadius !== null) gaussianBlur(pixels, side, plan.blurRadius);
  if (plan.solarised) solarise(pixels);
  return pixels;
}

/**
 * Each photograph comes once in an epoch, in random order. Epochs follow each other without a gap, so a batch may
 * have the end of one and the beginning of the next.
 * @param step from 1 on
 * @returns the indices of the step's photographs
 */
export function photographsOfStep(count: number, batchSize: number, seed: number, step: number): number[] {
  const orders = new Map<number, number[]>();
  return Array.from({ length: batchSize }, (_, i) => {
    const at = (step - 1) * batchSize + i;
    const epoch = Math.floor(at / count);
    const order = orders.get(epoch) ?? shuffled(count, randomStream(seed, 3, epoch));
    orders.set(epoch, order);
    return order[at % count] as number;
  });
}

type CropSettings = Pick<
  TrainingConfiguration,
  | 'seed'
  | 'batchSize'
  | 'globalCropPx'
  | 'localCropPx'
  | 'localCrops'
  | 'globalScaleMin'
  | 'globalScaleMax'
  | 'localScaleMin'
  | 'localScaleMax'
>;

/**
 * A step's crops follow from the seed and the step alone.
 * @param step from 1 on
 * @returns view by view: global 1 of each photograph, global 2 of each, then the local views
 */
export function makeCropPictures(
  photographs: readonly PixelGrid[],
  settings: CropSettings,
  step: number,
): CropPicture[] {
  const { seed, batchSize, localCrops } = settings;
  const chosen = photographsOfStep(photographs.length, batchSize, seed, step);
  return Array.from({ length: globalViews + localCrops }, (_, view) =>
    chosen.map((photograph, place): CropPicture => {
      const kind = view === 0 ? 'global-1' : view === 1 ? 'global-2' : 'local';
      const isLocal = kind === 'local';
      const sidePx = isLocal ? settings.localCropPx : settings.globalCropPx;
      const scale = isLocal
        ? ([settings.localScaleMin, settings.localScaleMax] as const)
        : ([settings.globalScaleMin, settings.globalScaleMax] as const);
      const photo = photographs[photograph] as PixelGrid;
      const plan = drawCropPlan(kind, photo, scale, randomStream(seed, 1, step, view, place));
      return { kind, photograph, height: sidePx, width: sidePx, pixels: makeCrop(photo, plan, sidePx) };
    }),
  ).flat();
}

/** @param pictures as `makeCropPictures` orders them */
export function batchOf(pictures: readonly CropPicture[], settings: CropSettings): CropBatch {
  const { batchSize, globalCropPx, localCropPx } = settings;
  const globals = pictures.filter(({ kind }) => kind !== 'local');
  const locals = pictures.filter(({ kind }) => kind === 'local');
  const gather = (crops: readonly CropPicture[], sidePx: number): Float32Array => {
    const length = sidePx * sidePx * 3;
    const values = new Float32Array(crops.length * length);
    for (const [i, { pixels }] of crops.entries())
      normalisePixels(pixels, values.subarray(i * length, (i + 1) * length));
    return values;
  };
  return {
    photographs: batchSize,
    globalPx: globalCropPx,
    globals: gather(globals, globalCropPx),
    localPx: localCropPx,
    locals: gather(locals, localCropPx),
  };
}
