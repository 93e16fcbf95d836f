/** A photograph in Node: the same inspection as in the page, with sharp as the decoder. */
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import type { Failure } from '../../src/core/failure.ts';
import { fail, succeed, type Result } from '../../src/core/result.ts';
import { inspectImage } from '../../src/media/inspect-image.ts';
import type { PixelGrid } from '../../src/media/resample.ts';

/** @returns upright pixels over white, sRGB, or what is wrong with the file */
export async function readPhoto(path: string): Promise<Result<PixelGrid, Failure>> {
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null) return fail({ code: 'unreadable-file' });
  const facts = inspectImage(bytes);
  if (!facts.ok) return facts;
  // Browsers decode it, sharp does not.
  if (facts.value.format === 'bmp') return fail({ code: 'unsupported-image', format: 'bmp' });
  try {
    const { data, info } = await sharp(bytes, { failOn: 'truncated' })
      .rotate() // by EXIF orientation
      .flatten({ background: '#fff' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return succeed({ height: info.height, width: info.width, channels: 3, values: data });
  } catch {
    return fail({ code: 'damaged-image', format: facts.value.format, problem: 'undecodable' });
  }
}
