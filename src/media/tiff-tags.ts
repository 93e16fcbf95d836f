/**
 * Numbers of a TIFF's first directory, which is also what EXIF consists of. Sources: TIFF 6.0, section 2; for BigTIFF, whose numbers have 64
 * bits, the page of libtiff on it.
 */
import { ascii, viewOf } from './image-file.ts';

export const tiffTags = {
  subfileType: 0x00fe,
  width: 0x0100,
  height: 0x0101,
  bits: 0x0102,
  compression: 0x0103,
  colours: 0x0106,
  stripOffsets: 0x0111,
  orientation: 0x0112,
  stripByteCounts: 0x0117,
  tileOffsets: 0x0144,
  tileByteCounts: 0x0145,
  furtherDirectories: 0x014a,
  inks: 0x014c,
  extraSamples: 0x0152,
  sampleFormat: 0x0153,
} as const;

type Width = 2 | 4 | 8;

/** The bytes of each type of whole number. */
const widths: ReadonlyMap<number, Width> = new Map([
  [3, 2],
  [4, 4],
  [16, 8],
]);

interface Directory {
  readonly view: DataView;
  readonly isLittle: boolean;
  readonly isBig: boolean;
  /** Where its entries begin, and where they end. */
  readonly begin: number;
  readonly end: number;
}

/** A tag whose values are whole numbers. */
interface Entry {
  readonly tag: number;
  readonly width: Width;
  readonly begin: number;
  readonly count: number;
}

function readNumber(
  { view, isLittle }: Pick<Directory, 'view' | 'isLittle'>,
  at: number,
  width: Width,
): number {
  if (width === 2) return view.getUint16(at, isLittle);
  return width === 4 ? view.getUint32(at, isLittle) : Number(view.getBigUint64(at, isLittle));
}

/** How long an entry is, and the numbers that say where something lies. */
const lengthsOf = (isBig: boolean) =>
  isBig ? ({ entry: 20, place: 8 } as const) : ({ entry: 12, place: 4 } as const);

/** @returns null where it is no TIFF, or where the directory lies behind the file's end */
function findDirectory(bytes: Uint8Array): Directory | null {
  const order = ascii(bytes, 0, 2);
  if (bytes.length < 8 || (order !== 'II' && order !== 'MM')) return null;
  const isLittle = order === 'II';
  const view = viewOf(bytes);
  const isBig = view.getUint16(2, isLittle) === 43;
  if (isBig && bytes.length < 16) return null;
  const read = { view, isLittle };
  const at = isBig ? readNumber(read, 8, 8) : readNumber(read, 4, 4);
  const width = isBig ? 8 : 2;
  if (at + width > bytes.length) return null;
  const begin = at + width;
  return { ...read, isBig, begin, end: begin + readNumber(read, at, width) * lengthsOf(isBig).entry };
}

/** Those that are whole in the file; their values may lie behind its end. */
function* entriesOf(directory: Directory): Generator<Entry> {
  const { view, isLittle, isBig, begin, end } = directory;
  const { entry, place } = lengthsOf(isBig);
  for (let at = begin; at + entry <= Math.min(end, view.byteLength); at += entry) {
    const width = widths.get(view.getUint16(at + 2, isLittle));
    if (width === undefined) continue;
    const count = readNumber(directory, at + 4, place);
    const field = at + 4 + place;
    // What does not fit into the entry lies elsewhere.
    const values = count * width <= place ? field : readNumber(directory, field, place);
    yield { tag: view.getUint16(at, isLittle), width, begin: values, count };
  }
}

const endOf = ({ begin, width, count }: Entry): number => begin + width * count;

/** @returns the tag's values; none where there is no such tag, or where they are no whole numbers or lie behind the file's end */
export function readTiffTags(bytes: Uint8Array, tag: number): readonly number[] {
  const directory = findDirectory(bytes);
  if (directory === null) return [];
  for (const entry of entriesOf(directory)) {
    if (entry.tag !== tag || endOf(entry) > bytes.length) continue;
    const { begin, width, count } = entry;
    return Array.from({ length: count }, (_, i) => readNumber(directory, begin + i * width, width));
  }
  return [];
}

/** @returns the tag's first value; null where `readTiffTags` finds none */
export const readTiffTag = (bytes: Uint8Array, tag: number): number | null =>
  readTiffTags(bytes, tag)[0] ?? null;

/** Whether the first directory has another one behind or below it, as of a second page, or of the photograph where the first is its preview. */
export function hasFurtherDirectory(bytes: Uint8Array): boolean {
  const directory = findDirectory(bytes);
  if (directory === null) return false;
  const { isBig, end } = directory;
  const { place } = lengthsOf(isBig);
  const hasNext = end + place <= bytes.length && readNumber(directory, end, place) !== 0;
  return hasNext || readTiffTag(bytes, tiffTags.furtherDirectories) !== null;
}

/** Whether its first directory, or something that is named in it, lies behind the file's end. */
export function isTiffCut(bytes: Uint8Array): boolean {
  const directory = findDirectory(bytes);
  if (directory === null || directory.end > bytes.length) return true;
  const isBehind = (offsets: number, counts: number): boolean => {
    const lengths = readTiffTags(bytes, counts);
    return readTiffTags(bytes, offsets).some((offset, part) => offset + (lengths[part] ?? 0) > bytes.length);
  };
  return (
    [...entriesOf(directory)].some((entry) => endOf(entry) > bytes.length) ||
    isBehind(tiffTags.stripOffsets, tiffTags.stripByteCounts) ||
    isBehind(tiffTags.tileOffsets, tiffTags.tileByteCounts)
  );
}
