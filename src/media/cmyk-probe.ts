/**
 * Tests how this browser converts CMYK to RGB. The decoder gets no profile. Most browsers then multiply, as Pillow does. A browser
 * that uses its own profile gives other colours, and the page shows a notice.
 */
import { bytesOfBase64 } from '../core/base64.ts';
import { convertCmyk } from './cmyk.ts';
import { pixelReader } from './read-pixels.ts';

/** The colour of all 8 × 8 pixels of the probe. */
const cmyk = Uint8Array.of(60, 120, 200, 30);
/** The probe as a JPEG like Photoshop's: four channels, all inverted. Made by Pillow, quality 100. */
const probeFile =
  '/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwABAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB/8AAFAgACAAIBEMR' +
  'AE0RAFkRAEsRAP/EABUAAQEAAAAAAAAAAAAAAAAAAAoG/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAA4EQwBNAFkASwAAPwBDC4G3MIf/2Q==';
/** The largest difference that rounding may cause, in levels of 255. */
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
