/** The files are read by libpng (sharp). */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { FoundMask } from '../core/found-mask.ts';
import { encodeCutOut, encodeMask } from './mask-png.ts';
import { encodePng } from './png-writer.ts';

interface Read {
  readonly values: number[];
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

async function readPng(file: Blob): Promise<Read> {
  const image = sharp(Buffer.from(await file.arrayBuffer()));
  const { format, channels: stored } = await image.metadata();
  expect(format).toBe('png');
  // Grey values are read as one channel only where that is asked for.
  const plain = stored === 1 ? image.toColourspace('b-w') : image;
  const { data, info } = await plain.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return { values: [...data], width, height, channels };
}

/** 2 × 2 cells of 3 × 2 px over the right part of a photograph of 8 × 4 px; the left 2 px have no cell. */
const maskOf = (...values: number[]): FoundMask => ({
  title: 'Object',
  grid: {
    rows: 2,
    columns: 2,
    box: { top: 0, left: 2, height: 4, width: 6 },
    photoSizePx: { height: 4, width: 8 },
  },
  values,
  box: null,
});

const rowsOf = (...rows: string[]): number[] => Array.from(rows.join(''), (cell) => (cell === '#' ? 255 : 0));

describe('a mask as PNG', () => {
  it('has the photograph’s size, 255 in the cells of the mask and 0 elsewhere', async () => {
    expect(await readPng(await encodeMask([maskOf(0, 1, 1, 0)]))).toEqual({
      width: 8,
      height: 4,
      channels: 1,
      values: rowsOf('.....###', '.....###', '..###...', '..###...'),
    });
  });

  it('is what any of several masks holds', async () => {
    const { values } = await readPng(await encodeMask([maskOf(0, 1, 0, 0), maskOf(0, 0, 1, 0)]));
    expect(values).toEqual(rowsOf('.....###', '.....###', '..###...', '..###...'));
  });

  it('gives a pixel to the cell that its middle is in', async () => {
    const { grid, ...mask } = maskOf(1, 0, 0, 0);
    const shifted = { ...mask, grid: { ...grid, box: { top: -1, left: 0.6, height: 5.2, width: 8.8 } } };
    // The cell ends 1.6 px from the top and 5 px from the left; the middle of the first pixel is left of the grid.
    const { values } = await readPng(await encodeMask([shifted]));
    expect(values).toEqual(rowsOf('.####...', '.####...', '........', '........'));
  });
});

describe('a cut-out as PNG', () => {
  const random = (count: number): Uint8Array =>
    Uint8Array.from({ length: count }, (_, at) => (Math.imul(at + 1, 2_654_435_761) >>> 24) & 0xff);

  it.each([3, 4] as const)('is the photograph in the mask, of %i channels', async (channels) => {
    const photo = random(32 * channels);
    const file = await encodeCutOut({ height: 4, width: 8, channels, values: photo }, [maskOf(0, 1, 1, 0)]);
    const { values, ...size } = await readPng(file);
    expect(size).toEqual({ width: 8, height: 4, channels: 4 });
    const inside = rowsOf('.....###', '.....###', '..###...', '..###...');
    const expected = inside.flatMap((alpha, pixel) =>
      alpha === 0 ? [0, 0, 0, 0] : [...photo.subarray(pixel * channels, pixel * channels + 3), alpha],
    );
    expect(values).toEqual(expected);
  });

  it('of another photograph is a bug', () => {
    const photo = { height: 5, width: 8, channels: 3, values: new Uint8Array(120) } as const;
    expect(() => encodeCutOut(photo, [maskOf(1, 1, 1, 1)])).toThrow(
      'masks of 8 × 4 px, photograph of 8 × 5 px',
    );
  });
});

it('any values come back, also where rows are written in several bands', async () => {
  // 1,400 rows of 3,204 bytes are more than four bands.
  const [height, width] = [1400, 801];
  const values = Uint8Array.from({ length: height * width * 4 }, (_, at) => (at * at + (at >> 7)) & 0xff);
  const row = (y: number): Uint8Array => values.subarray(y * width * 4, (y + 1) * width * 4);
  const file = await encodePng({ height, width, channels: 4, row });
  const { data, info } = await sharp(Buffer.from(await file.arrayBuffer()))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.height, info.width, info.channels]).toEqual([height, width, 4]);
  expect(data.equals(values)).toBe(true);
});
