import { describe, expect, test } from 'vitest';
import fixture from '../../tools/reference/fixtures/resample.json';
import { bytesOfBase64 } from '../core/base64.ts';
import type { Box, Size } from '../core/geometry.ts';
import { randomStream } from '../core/random.ts';
import { plainResample } from './plain-resample.ts';
import { planResample, type ResampleSource } from './resample-plan.ts';
import { resample, resampleCut, type PixelGrid, type ResampleFilter } from './resample.ts';
import { SimdResampler } from './simd-resample.ts';

interface Case {
  picture: string;
  filter: string;
  height: number;
  width: number;
  box: { left: number; top: number; right: number; bottom: number } | null;
  values: string;
}

const pictures = fixture.pictures as Record<string, { height: number; width: number; values: string }>;
const whole = (image: PixelGrid): ResampleSource => ({
  ...image,
  first: 0,
  rowLength: image.width * image.channels,
});
const name = ({ picture, filter, height, width, box }: Case): string =>
  `${picture} → ${width} × ${height}, ${filter}${box === null ? '' : `, box ${Object.values(box).join(' ')}`}`;

describe.each((fixture.cases as Case[]).map((each) => [name(each), each] as const))(
  '%s',
  (_, { picture, filter, height, width, box, values }) => {
    const size = pictures[picture];
    if (size === undefined) throw new Error(`no picture ${picture}`);
    const { left, top, right, bottom } = box ?? { left: 0, top: 0, right: size.width, bottom: size.height };
    const image = { ...size, channels: 3, values: bytesOfBase64(size.values) } as const;
    const part = { left, top, width: right - left, height: bottom - top };
    const output = { height, width };
    const expected = Buffer.from(values, 'base64');

    test('equals Pillow to the bit', () => {
      const result = resample(image, part, output, filter as ResampleFilter);
      expect(Buffer.from(result).equals(expected)).toBe(true);
    });

    test('by the plain loop, too', () => {
      const plan = planResample(image, part, output, filter as ResampleFilter);
      expect(Buffer.from(plainResample(whole(image), plan)).equals(expected)).toBe(true);
    });
  },
);

describe('SIMD equals the plain loop to the bit', () => {
  const simd = SimdResampler.open();
  if (simd === null) throw new Error('Node has SIMD');

  /** Noise with large areas of 0 and 255, at whose edges sums overshoot. */
  function picture(height: number, width: number, channels: 3 | 4, seed: number): PixelGrid {
    const random = randomStream(seed, 0);
    const values = Uint8ClampedArray.from({ length: height * width * channels }, (_, i) =>
      Math.floor(i / 40) % 3 === 0 ? 255 * (Math.floor(i / 120) % 2) : random.below(256),
    );
    return { height, width, channels, values };
  }

  function isSame(image: PixelGrid, box: Box, output: Size, filter: ResampleFilter): boolean {
    const plan = planResample(image, box, output, filter);
    const result = simd?.run(whole(image), image.width, plan);
    if (result == null) throw new Error('SIMD did not run');
    return Buffer.from(result).equals(Buffer.from(plainResample(whole(image), plan)));
  }

  test('on sizes and boxes of chance', () => {
    const random = randomStream(11, 0);
    for (let i = 0; i < 300; i++) {
      const [height, width] = [1 + random.below(70), 1 + random.below(70)];
      const image = picture(height, width, i % 2 === 0 ? 3 : 4, i);
      const [top, left] = [random.uniform(0, height * 0.9), random.uniform(0, width * 0.9)];
      const box = {
        top,
        left,
        height: Math.max(0.1, random.uniform(0, height - top)),
        width: Math.max(0.1, random.uniform(0, width - left)),
      };
      const output = { height: 1 + random.below(50), width: 1 + random.below(50) };
      expect(isSame(image, box, output, i % 3 === 0 ? 'bilinear' : 'bicubic')).toBe(true);
    }
  });

  test.each([3, 4] as const)('on a picture of %i channels that takes many pieces of memory', (channels) => {
    const image = picture(1201, 1603, channels, 5);
    const all = { top: 0, left: 0, height: image.height, width: image.width };
    expect(isSame(image, all, { height: 37, width: 48 }, 'bicubic')).toBe(true);
  });

  test('a small picture after a large one, in the same memory', () => {
    const all = { top: 0, left: 0, height: 5, width: 7 };
    expect(isSame(picture(5, 7, 3, 6), all, { height: 9, width: 3 }, 'bicubic')).toBe(true);
  });
});

test.each([3, 4] as const)('a part of %i channels is resized as if it had been cut out', (channels) => {
  const [height, width] = [40, 50];
  const values = Uint8ClampedArray.from({ length: height * width * channels }, (_, i) => (i * 73) % 256);
  const box = { top: 7, left: 11, height: 21, width: 30 };
  const cut = new Uint8ClampedArray(box.height * box.width * channels);
  for (let row = 0; row < box.height; row++) {
    const start = ((box.top + row) * width + box.left) * channels;
    cut.set(values.subarray(start, start + box.width * channels), row * box.width * channels);
  }
  const output = { height: 9, width: 34 };
  const expected = resample(
    { height: box.height, width: box.width, channels, values: cut },
    { ...box, top: 0, left: 0 },
    output,
    'bicubic',
  );
  expect(resampleCut({ height, width, channels, values }, box, output, 'bicubic')).toEqual(expected);
});

test('a reduction that is too large for SIMD is made by the plain loop', () => {
  const width = 9000;
  const image = { height: 1, width, channels: 3, values: new Uint8Array(width * 3).fill(200) } as const;
  const box = { top: 0, left: 0, height: 1, width };
  const plan = planResample(image, box, { height: 1, width: 1 }, 'bilinear');
  expect(SimdResampler.open()?.run(whole(image), width, plan)).toBeNull();
  expect([...resample(image, box, { height: 1, width: 1 }, 'bilinear')]).toEqual([200, 200, 200]);
});

test('a fourth channel is passed over', () => {
  const rgb = Uint8Array.from({ length: 6 * 5 * 3 }, (_, i) => (i * 37) % 256);
  const rgba = Uint8Array.from({ length: 6 * 5 * 4 }, (_, i) =>
    i % 4 === 3 ? 7 : (rgb[Math.floor(i / 4) * 3 + (i % 4)] ?? 0),
  );
  const box = { top: 0, left: 0, height: 5, width: 6 };
  const output = { height: 3, width: 4 };
  expect(resample({ height: 5, width: 6, channels: 4, values: rgba }, box, output, 'bicubic')).toEqual(
    resample({ height: 5, width: 6, channels: 3, values: rgb }, box, output, 'bicubic'),
  );
});
