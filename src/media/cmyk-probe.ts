/**
 * How this browser makes RGB of CMYK. It gets no profile. Most browsers then multiply, as Pillow does; a browser that
 * uses a profile of its own gives other colours, and the person is told.
 */
import { bytesOfBase64 } from '../core/base64.ts';
import { convertCmyk } from './cmyk.ts';
import { pixelReader } from './read-pixels.ts';

/** What the probe is of, on all of its 8 × 8 pixels. */
const cmyk = Uint8Array.of(60, 120, 200, 30);
/** A JPEG of it as Photoshop writes them: four channels, all turned round. Made by Pillow, quality 100. */
const probeFile =
  '/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwABAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB/8AAFAgACAAIBEMR' +
  'AE0RAFkRAEsRAP/EABUAAQEAAAAAAAAAAAAAAAAAAAoG/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAA4EQwBNAFkASwAAPwBDC4G3MIf/2Q==';
/** How far two ways of rounding may differ, in levels of 255. */
const tolerance = 2;

async function compare(): Promise<boolean> {
  const { read } = await pixelReader();
  const file = new Blob([bytesOfBase64(probeFile)], { type: 'image/jpeg' });
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none' });
  const seen = await read(bitmap);
  bitmap.close();
  return convertCmyk(cmyk).every((value, channel) => Math.abs(value - (seen[channel] ?? 0)) <= tolerance);
}

let answer: Promise<boolean> | null = null;

export const convertsCmykPlainly = (): Promise<boolean> => (answer ??= compare());
