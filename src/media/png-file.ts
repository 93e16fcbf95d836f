/** PNG: reads the chunks. Source: W3C PNG, third edition, chapters 5 and 11. */
import { addToCrc32 } from '../core/crc32.ts';
import { inflate } from '../core/inflate.ts';
import type { PhotoNotice } from '../core/photo.ts';
import { isNearSrgb } from './icc-profile.ts';
import { ascii, type Findings, readSize, type StoredImage, viewOf } from './image-file.ts';
import { readOrientation } from './orientation.ts';
import { exifOfTexts } from './png-exif.ts';
import { readHeader, unpackRows } from './png-rows.ts';

interface Chunk {
  readonly type: string;
  /** Offset of the length field, which is before the type. */
  readonly begin: number;
  readonly data: Uint8Array;
  readonly end: number;
}

/** All chunks up to IEND, or up to the first incomplete one. */
export function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const view = viewOf(bytes);
  for (let begin = 8; begin + 12 <= bytes.length;) {
    const length = view.getUint32(begin);
    const end = begin + 12 + length;
    const type = ascii(bytes, begin + 4, 4);
    yield { type, begin, data: bytes.subarray(begin + 8, end - 4), end };
    if (type === 'IEND') return;
    begin = end;
  }
}

export function inspectPng(bytes: Uint8Array): Findings {
  const notices: PhotoNotice[] = [];
  let hasPixels = false;
  let last: Chunk | null = null;
  for (const chunk of chunksOf(bytes)) {
    const { type, data } = chunk;
    if (type === 'IHDR' && data[8] === 16) notices.push('sixteen-bit-reduced');
    if (type === 'acTL' && data.length >= 8 && viewOf(data).getUint32(0) > 1)
      notices.push('animation-first-frame');
    hasPixels ||= type === 'IDAT';
    last = chunk;
  }
  const hasEnd = last?.type === 'IEND';
  // Where nothing but the end is missing, all rows may be there: `storedPng` looks.
  const lacksEnd = !hasEnd && hasPixels && last !== null && last.end <= bytes.length;
  if (lacksEnd) notices.push('end-missing');
  const facts = { sizePx: readSize(bytes), complete: hasEnd || lacksEnd, notices };
  // Apple's tools write these for apps: colours in another order, packed in another way.
  return ascii(bytes, 12, 4) === 'CgBI' ? { ...facts, variant: 'Apple’s app PNG' } : facts;
}

/** Chunks that are removed: colour information, orientation, and all frames except the one for viewers without animation. */
const leftOut: ReadonlySet<string> = new Set([
  'iCCP',
  'gAMA',
  'cHRM',
  'sRGB',
  'cICP',
  'mDCV',
  'cLLI',
  'eXIf',
  'acTL',
  'fcTL',
  'fdAT',
]);

/** Profiles of printers have some megabytes. */
const mostProfileBytes = 32e6;

/** @param data of iCCP: a name, a zero, the compression method, the profile */
async function hasOtherProfile(data: Uint8Array): Promise<boolean> {
  const packed = data.subarray(data.indexOf(0) + 2) as Uint8Array<ArrayBuffer>;
  const profile = await inflate(new Blob([packed]), 'deflate', mostProfileBytes);
  try {
    return profile === null || !isNearSrgb(profile);
  } catch {
    return true; // an unreadable profile counts as not sRGB
  }
}

/** White, red, green and blue of sRGB as in cHRM, in units of 1 / 100,000. */
const srgbChromaticities = [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000];
const srgbGamma = 45_455;

const areNear = (data: Uint8Array, expected: readonly number[], tolerance: number): boolean =>
  data.length === 4 * expected.length &&
  expected.every((value, i) => Math.abs(viewOf(data).getUint32(4 * i) - value) <= tolerance);

/** Checks the colour chunks in order of precedence. */
async function hasOtherColours(chunks: ReadonlyMap<string, Uint8Array>): Promise<boolean> {
  const coded = chunks.get('cICP');
  // Primaries 1 are sRGB's; 1, 6 and 13 are curves near sRGB's.
  if (coded !== undefined) return coded[0] !== 1 || ![1, 6, 13].includes(coded[1] ?? 0);
  const profile = chunks.get('iCCP');
  if (profile !== undefined) return hasOtherProfile(profile);
  if (chunks.has('sRGB')) return false;
  const gamma = chunks.get('gAMA');
  const chromaticities = chunks.get('cHRM');
  return (
    (gamma !== undefined && !areNear(gamma, [srgbGamma], 1_500)) ||
    (chromaticities !== undefined && !areNear(chromaticities, srgbChromaticities, 1_000))
  );
}

/** With its length and its check. */
function makeChunk(type: string, data: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(12 + data.length);
  const view = viewOf(chunk);
  view.setUint32(0, data.length);
  chunk.set(
    Array.from(type, (letter) => letter.charCodeAt(0)),
    4,
  );
  chunk.set(data, 8);
  view.setUint32(8 + data.length, addToCrc32(0, chunk.subarray(4, 8 + data.length)));
  return chunk;
}

/**
 * A pixel may have an index that its palette lacks: Chromium gives it the last colour. It is black, as the standard proposes, and as in
 * sharp and in Pillow 11 (9.4 had grey of the index).
 * @returns a palette with all colours that the indices can name; null where this one has them, and where there is none
 */
function fullPalette(chunks: readonly Chunk[]): Uint8Array | null {
  const header = readHeader(chunks.find(({ type }) => type === 'IHDR')?.data ?? new Uint8Array());
  const [palette, ...others] = chunks.filter(({ type }) => type === 'PLTE');
  if (header?.kind !== 'palette' || palette === undefined || others.length > 0) return null;
  const { data } = palette;
  const colours = 1 << header.bitDepth;
  if (data.length >= 3 * colours) return null;
  const full = new Uint8Array(3 * colours);
  // Part of a colour is none.
  full.set(data.subarray(0, data.length - (data.length % 3)));
  return full;
}

async function hasAllRows(chunks: readonly Chunk[]): Promise<boolean> {
  const header = readHeader(chunks.find(({ type }) => type === 'IHDR')?.data ?? new Uint8Array());
  const parts = chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data);
  return header !== null && (await unpackRows(header, parts)) !== null;
}

export async function storedPng(bytes: Uint8Array): Promise<StoredImage> {
  const all = [...chunksOf(bytes)];
  // Part of an end may be there, which is no chunk.
  const hasEnd = all.at(-1)?.type === 'IEND';
  const byType = new Map(all.map(({ type, data }) => [type, data]));
  const exif = byType.get('eXIf') ?? (await exifOfTexts(all));
  const colourType = byType.get('IHDR')?.[9] ?? 6;
  const palette = fullPalette(all);
  const kept = all
    .filter(({ type }) => !leftOut.has(type))
    .map(({ type, begin, end }) =>
      type === 'PLTE' && palette !== null ? makeChunk(type, palette) : bytes.subarray(begin, end),
    );
  return {
    parts: [bytes.subarray(0, 8), ...kept, ...(hasEnd ? [] : [makeChunk('IEND', new Uint8Array())])],
    isCut: !hasEnd && !(await hasAllRows(all)),
    orientation: exif === null ? 1 : readOrientation(exif),
    hasOtherColours: await hasOtherColours(byType),
    // Bit 2 of the colour type is an alpha channel.
    mayBeTransparent: (colourType & 4) !== 0 || byType.has('tRNS'),
  };
}
