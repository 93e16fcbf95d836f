import { expect, test } from 'vitest';
import fixture from '../../tools/reference/fixtures/augmentation.json';
import { bytesOfBase64 } from '../core/base64.ts';
import { createSha256 } from '../formats/sha256.ts';
import { gaussianBlur } from './gaussian-blur.ts';

test.each(fixture.blurs)('a radius of $radius px equals Pillow to the bit', ({ radius, sha256 }) => {
  const pixels = new Uint8ClampedArray(bytesOfBase64(fixture.picture.values));
  gaussianBlur(pixels, fixture.picture, radius);
  const hash = createSha256();
  hash.update(new Uint8Array(pixels.buffer));
  expect(hash.hex()).toBe(sha256);
});
