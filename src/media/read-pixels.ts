/**
 * Reads the exact pixels of an ImageBitmap. Browsers that protect against fingerprinting add noise to what a page reads from a canvas:
 * a little in some pixels (Brave), or only noise (Firefox with privacy.resistFingerprinting). So each way of reading is tried on known
 * pixels, and those that return them exactly are used.
 */

import type { PixelAccuracy } from '../core/photo.ts';

/** RGBA, shape [height, width, 4]. Borrows the bitmap. */
export type ReadBitmap = (bitmap: ImageBitmap) => Promise<Uint8ClampedArray<ArrayBuffer>>;

export interface PixelReader {
  readonly read: ReadBitmap;
  readonly accuracy: PixelAccuracy;
}

/** A context for drawing and reading in main memory. A canvas on the GPU may round colours, and reading it needs a copy. */
export function contextOf(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('no 2D context');
  return context;
}

const readByCanvas: ReadBitmap = async (bitmap) => {
  const { height, width } = bitmap;
  const context = contextOf(new OffscreenCanvas(width, height));
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, width, height).data;
};

/** For each format that a bitmap can become: whether blue is the first byte in memory. */
const isBlueFirst: Readonly<Record<string, boolean>> = { RGBA: false, RGBX: false, BGRA: true, BGRX: true };

/** Swaps the first and the third byte of each pixel. Whole words take half as long as bytes. */
function swapRedAndBlue(rgba: Uint8ClampedArray<ArrayBuffer>): void {
  const words = new Uint32Array(rgba.buffer);
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as number;
    words[at] = (word & 0xff00ff00) | ((word & 0xff) << 16) | ((word >>> 16) & 0xff);
  }
}

/**
 * WebCodecs, for which no noise is known. It copies the pixels once, where a canvas copies them twice. Some browsers ignore a request
 * for RGBA, so the bytes are reordered here.
 */
const readByVideoFrame: ReadBitmap = async (bitmap) => {
  const frame = new VideoFrame(bitmap, { timestamp: 0 });
  try {
    const { format } = frame;
    const blueFirst = format === null ? undefined : isBlueFirst[format];
    if (format === null || blueFirst === undefined) throw new Error(`pixels as ${format}`);
    const { height, width } = bitmap;
    const values = new Uint8ClampedArray(height * width * 4);
    await frame.copyTo(values, { layout: [{ offset: 0, stride: width * 4 }] });
    if (blueFirst) swapRedAndBlue(values);
    if (!format.endsWith('A')) for (let at = 3; at < values.length; at += 4) values[at] = 255;
    return values;
  } finally {
    frame.close();
  }
};

/** Large enough to find noise in one pixel of a hundred. The probe has many colours, since browsers add no noise to a single colour. */
const probeSidePx = 64;

function makeProbe(): ImageData {
  const probe = new ImageData(probeSidePx, probeSidePx);
  let state = 1;
  for (let at = 0; at < probe.data.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    probe.data[at] = at % 4 === 3 ? 255 : state >>> 24;
  }
  return probe;
}

/** The largest mean difference of a value, in levels of 255, at which the pixels still count as the picture's. */
const alteredMean = 4;

async function tryRoute(read: ReadBitmap, bitmap: ImageBitmap, expected: ImageData): Promise<PixelAccuracy> {
  try {
    const seen = await read(bitmap);
    if (seen.length !== expected.data.length) return 'hidden';
    let sum = 0;
    for (let at = 0; at < seen.length; at++)
      sum += Math.abs((seen[at] as number) - (expected.data[at] as number));
    if (sum === 0) return 'exact';
    return sum / seen.length <= alteredMean ? 'altered' : 'hidden';
  } catch {
    return 'hidden'; // the browser does not support it
  }
}

/**
 * Each route in turn until one does not fail. A browser may refuse a size by one of them alone: a VideoFrame is 32,767 pixels wide at
 * most in Chromium, and a canvas 65,535.
 */
const inTurn =
  (routes: readonly ReadBitmap[]): ReadBitmap =>
  async (bitmap) => {
    let failure: unknown;
    for (const read of routes)
      try {
        return await read(bitmap);
      } catch (error) {
        failure = error;
      }
    throw failure;
  };

/** @param routes in order of preference */
export async function choosePixelReader(
  routes: readonly [ReadBitmap, ...ReadBitmap[]] = [readByVideoFrame, readByCanvas],
): Promise<PixelReader> {
  const expected = makeProbe();
  const bitmap = await createImageBitmap(expected);
  try {
    const tried: PixelReader[] = [];
    for (const read of routes) tried.push({ read, accuracy: await tryRoute(read, bitmap, expected) });
    const readsBy = (accuracy: PixelAccuracy): ReadBitmap[] =>
      tried.filter((reader) => reader.accuracy === accuracy).map(({ read }) => read);
    for (const accuracy of ['exact', 'altered'] as const) {
      const reads = readsBy(accuracy);
      if (reads.length > 0) return { read: inTurn(reads), accuracy };
    }
    return { read: routes[0], accuracy: 'hidden' };
  } finally {
    bitmap.close();
  }
}

let chosen: Promise<PixelReader> | null = null;

/** Chosen once for the visit, since the browser's behaviour does not change. */
export const pixelReader = (): Promise<PixelReader> => (chosen ??= choosePixelReader());

const isTransparent = (rgba: Uint8ClampedArray): boolean => {
  for (let at = 3; at < rgba.length; at += 4) if (rgba[at] !== 255) return true;
  return false;
};

/** Blends transparent pixels with white. @returns another bitmap, which the caller closes */
function layOnWhite(bitmap: ImageBitmap): ImageBitmap {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = contextOf(canvas);
  context.fillStyle = '#fff';
  context.fillRect(0, 0, bitmap.width, bitmap.height);
  context.drawImage(bitmap, 0, 0);
  return canvas.transferToImageBitmap();
}

export interface OpaquePixels {
  readonly values: Uint8ClampedArray<ArrayBuffer>;
  /** Whether some pixels were transparent before they were blended with white. */
  readonly wasTransparent: boolean;
}

/** @returns the pixels, blended with white. Borrows the bitmap. */
export async function readOverWhite(read: ReadBitmap, bitmap: ImageBitmap): Promise<OpaquePixels> {
  const seen = await read(bitmap);
  if (!isTransparent(seen)) return { values: seen, wasTransparent: false };
  const flat = layOnWhite(bitmap);
  try {
    return { values: await read(flat), wasTransparent: true };
  } finally {
    flat.close();
  }
}
