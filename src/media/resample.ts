/**
 * Bit-exact with Pillow's `Image.resize`. The official scripts and torchvision's preprocessing use it, so maps made here and in Python
 * can be compared. Antialiased (the filter widens with the reduction), two passes with 8-bit values between them, weights in fixed
 * point. Bicubic is Catmull–Rom (a = −0.5), bilinear is the triangle filter.
 * Source: the algorithm of Pillow's libImaging/Resample.c.
 */
import type { Box, Size } from '../core/geometry.ts';
import { plainResample } from './plain-resample.ts';
import {
  planResample,
  type ResampleFilter,
  type ResamplePlan,
  type ResampleSource,
} from './resample-plan.ts';
import { simdResampler } from './simd-resample.ts';

export type { ResampleFilter } from './resample-plan.ts';

/** Interleaved 8-bit pixels, `channels` values each (the filter works on the first three). */
export interface PixelGrid extends Size {
  readonly channels: 3 | 4;
  readonly values: Uint8Array | Uint8ClampedArray;
}

/**
 * Uses SIMD if the engine supports it and the sizes fit, otherwise the plain loop, which gives the same bytes.
 * @param box the part to resize, in px of `image`; edges may lie between pixels
 * @returns RGB, shape [output.height, output.width, 3]
 */
export function resample(
  image: PixelGrid,
  box: Box,
  output: Size,
  filter: ResampleFilter,
): Uint8ClampedArray<ArrayBuffer> {
  return run({ ...image, first: 0, rowLength: image.width * image.channels }, image, box, output, filter);
}

/**
 * A part of the photograph that was resized as a whole: the same bytes, and nothing else of it is computed. The whole of a long and thin
 * photograph takes gigabytes.
 * @param whole the size to which all of it is brought
 * @param part in whole px of that
 * @returns RGB, shape [part.height, part.width, 3]
 */
export function resamplePart(
  image: PixelGrid,
  whole: Size,
  part: Box,
  filter: ResampleFilter,
): Uint8ClampedArray<ArrayBuffer> {
  const { height, width, channels } = image;
  const box = { top: 0, left: 0, height, width };
  const source = { ...image, first: 0, rowLength: width * channels };
  return runPlan(source, width, planResample(image, box, whole, filter, part));
}

/**
 * Resizes a part of a photograph as if it had been cut out first, so that pixels outside of it have no influence.
 * @param box in whole px @returns RGB, shape [output.height, output.width, 3]
 */
export function resampleCut(
  { width, channels, values }: PixelGrid,
  box: Box,
  output: Size,
  filter: ResampleFilter,
): Uint8ClampedArray<ArrayBuffer> {
  const rowLength = width * channels;
  const source = { channels, values, first: box.top * rowLength + box.left * channels, rowLength };
  return run(source, box, { ...box, top: 0, left: 0 }, output, filter);
}

function run(
  source: ResampleSource,
  size: Size,
  box: Box,
  output: Size,
  filter: ResampleFilter,
): Uint8ClampedArray<ArrayBuffer> {
  return runPlan(source, size.width, planResample(size, box, output, filter));
}

const runPlan = (source: ResampleSource, width: number, plan: ResamplePlan): Uint8ClampedArray<ArrayBuffer> =>
  simdResampler()?.run(source, width, plan) ?? plainResample(source, plan);
