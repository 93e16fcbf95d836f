/** The page's overlays as PNG files: one heat map a head, and all heads' masks in their colours. */
import sharp, { type Sharp } from 'sharp';
import { headMap } from '../../src/attention/head-maps.ts';
import { massMask, massThreshold, rankByMass } from '../../src/attention/mass-mask.ts';
import { valueRange } from '../../src/attention/value-range.ts';
import type { EngineResult } from '../../src/engine/engine.ts';
import type { PixelGrid } from '../../src/media/resample.ts';
import { colourTable } from '../../src/render/colour-maps.ts';
import { composeHeads } from '../../src/render/compose-heads.ts';
import { headColours } from '../../src/render/head-colours.ts';
import { paintHeatMap, type Pixels } from '../../src/render/heat-map.ts';
import { upsampleSmooth } from '../../src/render/upsample.ts';

/** The share of a head's mass that a mask keeps: the official script's default. */
const keptShare = 0.6;
const heatOpacity = 0.65;
const composedOpacity = 0.85;
/** Behind the composed heads the photograph steps back. */
const dimmedBrightness = 0.45;
/** Samples a patch and direction, before sharp takes over. */
const smoothFactor = 8;

/** Lays `overlay` over the box of the photograph that the maps cover. */
async function layOver(
  photo: Sharp,
  result: EngineResult,
  overlay: Pixels,
  opacity: number,
  kernel: 'cubic' | 'nearest',
): Promise<Uint8Array> {
  const { box, photoSizePx } = result;
  const left = Math.round(box.left);
  const top = Math.round(box.top);
  const width = Math.min(photoSizePx.width - left, Math.round(box.width));
  const height = Math.min(photoSizePx.height - top, Math.round(box.height));
  const rgba = overlay.rgba.map((value, i) => (i % 4 === 3 ? Math.round(value * opacity) : value));
  const input = await sharp(rgba, { raw: { width: overlay.width, height: overlay.height, channels: 4 } })
    .resize(width, height, { fit: 'fill', kernel })
    .png()
    .toBuffer();
  return photo.composite([{ input, left, top }]).png().toBuffer();
}

/** @returns file name suffix → PNG bytes: '-head-1' … and '-heads' */
export async function drawOverlays(
  pixels: PixelGrid,
  result: EngineResult,
): Promise<Map<string, Uint8Array>> {
  const photo = (): Sharp =>
    sharp(pixels.values, { raw: { height: pixels.height, width: pixels.width, channels: pixels.channels } });
  const colours = headColours(result.numHeads);
  const heads = colours.map((colour, head) => {
    const { values } = headMap(result, head);
    const ranking = rankByMass(values);
    const mask = massMask(ranking, massThreshold(ranking, keptShare));
    return {
      colour,
      grid: { height: result.rows, width: result.columns, values },
      mask,
      ...valueRange({ values }),
    };
  });
  const files = new Map<string, Uint8Array>();
  for (const [head, { grid, min, max }] of heads.entries()) {
    const heat = paintHeatMap(upsampleSmooth(grid, smoothFactor), min, max, colourTable('inferno'));
    files.set(`-head-${head + 1}`, await layOver(photo(), result, heat, heatOpacity, 'cubic'));
  }
  const dimmed = photo().modulate({ brightness: dimmedBrightness, saturation: 0.6 });
  files.set('-heads', await layOver(dimmed, result, composeHeads(heads), composedOpacity, 'nearest'));
  return files;
}
