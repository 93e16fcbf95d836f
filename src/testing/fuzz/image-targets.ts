/**
 * Fuzz targets for image files before a decoder gets them: the facts that are read, the image data that is extracted, and
 * GIF, BMP and masks down to their pixels.
 */
import { damage, type SeededRandom } from '../../core/seeded-random.ts';
import { decodeBmp } from '../../media/bmp-file.ts';
import { decodeGif } from '../../media/gif-file.ts';
import { inspectImage, type ImageFacts } from '../../media/inspect-image.ts';
import { readPngValues } from '../../media/png-values.ts';
import { storedImage } from '../../media/stored-image.ts';
import { borderLabel, findObjects } from '../../score/objects.ts';
import { imageCases } from '../image-cases.ts';
import { colourPng, greyPng, indexPng, vocPalette } from '../make-png.ts';
import { turnedAvifs } from '../turned-avif.ts';
import { damagePart, exchangeFields, type Bytes, type NonEmpty } from './damages.ts';
import type { FuzzTarget } from './fuzz-target.ts';

/**
 * A header may declare any size up to the limit of 100 megapixels. Filling that many pixels a hundred thousand times
 * would test nothing more.
 */
const maxDecodedPixels = 1_000_000;

function checkPixels(bytes: Bytes, { format, storedSizePx }: ImageFacts): void {
  const { height, width } = storedSizePx;
  if (height * width > maxDecodedPixels) return;
  const grid = format === 'gif' ? decodeGif(bytes) : decodeBmp(bytes);
  if (grid !== null && grid.values.length !== grid.height * grid.width * grid.channels)
    throw new Error(`${grid.values.length} values for ${grid.height} × ${grid.width} × ${grid.channels}`);
}

/** @returns whether the file would be passed to a decoder */
async function readImage(bytes: Bytes): Promise<boolean> {
  const facts = inspectImage(bytes);
  if (!facts.ok) return false;
  const { format } = facts.value;
  if (format === 'gif' || format === 'bmp') checkPixels(bytes, facts.value);
  else {
    const { parts, orientation } = await storedImage(format, bytes);
    const byteLength = parts.reduce((sum, part) => sum + part.length, 0);
    // AVIF's rotations are removed in place, and the rest of a PNG may be compressed again. Neither makes the file longer
    // by more than a header.
    if (byteLength > bytes.length + 1024) throw new Error(`${byteLength} bytes of ${bytes.length}`);
    if (!(orientation >= 1 && orientation <= 8)) throw new Error(`orientation ${orientation}`);
  }
  return true;
}

const damages: NonEmpty<(bytes: Bytes, random: SeededRandom) => Bytes> = [
  damage,
  (bytes, random) => damagePart(bytes, 0, Math.min(400, bytes.length), random),
  (bytes, random) => exchangeFields(bytes, 0, bytes.length, random),
  (bytes, random) => exchangeFields(bytes, 0, 200, random),
];

const endings = ['jpg', 'png', 'webp', 'gif', 'bmp', 'avif'] as const;

const nonEmpty = <T>([first, ...others]: readonly T[], what: string): NonEmpty<T> => {
  if (first === undefined) throw new Error(`no ${what}`);
  return [first, ...others];
};

/** Files from Pillow. Pillow does not write AVIF everywhere, so AVIF uses the files that declare a rotation. */
const seedsOf = (ending: string): NonEmpty<Bytes> =>
  nonEmpty(
    ending === 'avif'
      ? turnedAvifs.map(({ file }) => Uint8Array.from(file))
      : imageCases.filter(({ name }) => name.endsWith(`.${ending}`)).map(({ file }) => file),
    `picture ends in .${ending}`,
  );

/** Down to objects, as masks beside photographs are read. */
async function readMask(bytes: Bytes): Promise<boolean> {
  const png = await readPngValues(bytes);
  if (png === null) return false;
  const { height, width, kind, values } = png;
  if (values.length !== height * width * (kind === 'colour' ? 3 : 1))
    throw new Error(`${values.length} values of ${height} × ${width}, ${kind}`);
  const objects = findObjects(png);
  if (typeof objects === 'string') return true;
  const strange = objects.labels.find((label) => label > objects.count && label !== borderLabel);
  if (strange !== undefined) throw new Error(`label ${strange} of ${objects.count} objects`);
  return true;
}

const maskSeeds: NonEmpty<Bytes> = [
  greyPng([
    [0, 255, 255],
    [0, 0, 255],
  ]),
  indexPng(
    [
      [0, 8, 255, 15],
      [255, 8, 8, 0],
    ],
    vocPalette,
  ),
  colourPng([
    [
      [0, 0, 0],
      [224, 224, 192],
      [128, 0, 0],
    ],
  ]),
].map((file) => Uint8Array.from(file)) as unknown as NonEmpty<Bytes>;

const maskTarget: FuzzTarget = {
  name: 'PNG masks, bytes and numbers',
  run: (random) => readMask(random.pick(damages)(random.pick(maskSeeds), random)),
};

export const imageTargets = (): readonly FuzzTarget[] => [
  maskTarget,
  ...endings.map((ending): FuzzTarget => {
    const seeds = seedsOf(ending);
    return {
      name: `${ending.toUpperCase()}, bytes and numbers`,
      run: (random) => {
        const make = random.pick(damages);
        return readImage(make(random.pick(seeds), random));
      },
    };
  }),
];
