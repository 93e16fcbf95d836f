import { expect, test } from 'vitest';
import { openPhoto } from './decode-photo.ts';
import { encodeThumbnail } from './thumbnail.ts';

/** Left half red, right half transparent. */
async function makePhoto(width: number, height: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('no 2D context');
  context.fillStyle = '#f00';
  context.fillRect(0, 0, width / 2, height);
  return canvas.convertToBlob({ type: 'image/png' });
}

async function decode(jpeg: Uint8Array<ArrayBuffer> | null): Promise<ImageData> {
  const bitmap = await createImageBitmap(new Blob([jpeg ?? new Uint8Array()], { type: 'image/jpeg' }));
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  if (context === null) throw new Error('no 2D context');
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
}

test.each([
  [300, 200, 96, 64],
  [40, 90, 40, 90],
])('a photograph of %i × %i becomes a JPEG of %i × %i, white where it is transparent', async (...sizes) => {
  const [width, height, smallWidth, smallHeight] = sizes;
  const opened = await openPhoto(await makePhoto(width, height));
  if (!opened.ok) throw new Error(opened.error.code);
  const jpeg = await encodeThumbnail(opened.value, 96);
  opened.value.close();
  expect([...(jpeg?.subarray(0, 2) ?? [])]).toEqual([0xff, 0xd8]);
  const { width: seenWidth, height: seenHeight, data } = await decode(jpeg);
  expect([seenWidth, seenHeight]).toEqual([smallWidth, smallHeight]);
  const pixelAt = (x: number, y: number): number[] => [...data.slice((y * seenWidth + x) * 4).subarray(0, 3)];
  const middle = Math.floor(smallHeight / 2);
  const [left, right] = [pixelAt(3, middle), pixelAt(smallWidth - 4, middle)];
  expect(left.map((value) => Math.round(value / 64))).toEqual([4, 0, 0]);
  expect(right.every((value) => value > 245)).toBe(true);
});
