/** WebP: a RIFF file. Source: RFC 9649. */
import { isNearSrgb } from './icc-profile.ts';
import { ascii, type Findings, readSize, type StoredImage, viewOf } from './image-file.ts';
import { readOrientation } from './orientation.ts';

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** The chunk with its header and padding byte. */
  readonly whole: Uint8Array;
}

const headLength = 12;

function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const view = viewOf(bytes);
  const end = Math.min(bytes.length, view.getUint32(4, true) + 8);
  for (let begin = headLength; begin + 8 <= end;) {
    const length = view.getUint32(begin + 4, true);
    const next = begin + 8 + length + (length & 1);
    yield {
      type: ascii(bytes, begin, 4),
      data: bytes.subarray(begin + 8, Math.min(begin + 8 + length, end)),
      whole: bytes.subarray(begin, Math.min(next, end)),
    };
    begin = next;
  }
}

/** Flags of the extended header. */
const flags = { profile: 0x20, alpha: 0x10, exif: 0x08, xmp: 0x04, animation: 0x02 } as const;

export function inspectWebp(bytes: Uint8Array): Findings {
  const animated = ascii(bytes, 12, 4) === 'VP8X' && ((bytes[20] ?? 0) & flags.animation) !== 0;
  return {
    sizePx: readSize(bytes),
    // The header has the file's length.
    complete: viewOf(bytes).getUint32(4, true) + 8 <= bytes.length,
    notices: animated ? ['animation-first-frame'] : [],
  };
}

/** The alpha bit of a lossless picture, which follows its signature and two 14-bit sides. */
const hasLosslessAlpha = (data: Uint8Array): boolean => ((data[4] ?? 0) & 0x10) !== 0;

function withoutMetadata(chunk: Chunk): Uint8Array {
  if (chunk.type !== 'VP8X') return chunk.whole;
  // A Buffer's `slice` would be the same bytes.
  const changed = Uint8Array.from(chunk.whole);
  changed[8] = (changed[8] ?? 0) & ~(flags.profile | flags.exif | flags.xmp);
  return changed;
}

export function storedWebp(bytes: Uint8Array): StoredImage {
  const all = [...chunksOf(bytes)];
  const dataOf = (wanted: string): Uint8Array | undefined => all.find(({ type }) => type === wanted)?.data;
  const kept = all.filter(({ type }) => !['ICCP', 'EXIF', 'XMP '].includes(type)).map(withoutMetadata);
  const head = Uint8Array.from(bytes.subarray(0, headLength));
  const length = kept.reduce((sum, part) => sum + part.length, headLength - 8);
  viewOf(head).setUint32(4, length, true);
  const lossless = dataOf('VP8L');
  const extended = dataOf('VP8X');
  // Decoders leave out what the header does not announce.
  const announced = extended?.[0] ?? 0;
  const exif = (announced & flags.exif) === 0 ? undefined : dataOf('EXIF');
  const profile = (announced & flags.profile) === 0 ? undefined : dataOf('ICCP');
  return {
    parts: [head, ...kept],
    orientation: exif === undefined ? 1 : readOrientation(exif),
    hasOtherColours: profile !== undefined && !isNearSrgb(profile),
    mayBeTransparent:
      extended === undefined
        ? lossless !== undefined && hasLosslessAlpha(lossless)
        : (announced & (flags.alpha | flags.animation)) !== 0 ||
          (lossless !== undefined && hasLosslessAlpha(lossless)),
  };
}
