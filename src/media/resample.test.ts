import { expect, test } from 'vitest';
import fixture from '../../tools/reference/fixtures/resample.json';
import { bytesOfBase64 } from '../core/base64.ts';
import { resample, type ResampleFilter } from './resample.ts';

interface Case {
  picture: string;
  filter: string;
  height: number;
  width: number;
  box: { left: number; top: number; right: number; bottom: number } | null;
  values: string;
}

const pictures = fixture.pictures as Record<string, { height: number; width: number; values: string }>;
const name = ({ picture, filter, height, width, box }: Case): string =>
  `${picture} → ${width} × ${height}, ${filter}${box === null ? '' : `, box ${Object.values(box).join(' ')}`}`;

test.each((fixture.cases as Case[]).map((each) => [name(each), each] as const))(
  'equals Pillow to the bit: %s',
  (_, { picture, filter, height, width, box, values }) => {
    const source = pictures[picture];
    if (source === undefined) throw new Error(`no picture ${picture}`);
    const { left, top, right, bottom } = box ?? {
      left: 0,
      top: 0,
      right: source.width,
      bottom: source.height,
    };
    const result = resample(
      { height: source.height, width: source.width, channels: 3, values: bytesOfBase64(source.values) },
      { left, top, width: right - left, height: bottom - top },
      { height, width },
      filter as ResampleFilter,
    );
    expect(Buffer.from(result).equals(Buffer.from(values, 'base64'))).toBe(true);
  },
);

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
