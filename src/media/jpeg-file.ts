/** JPEG: reads the segments by their markers. Source: ITU-T T.81, annex B. */
import type { Size } from '../core/geometry.ts';
import { isNearSrgb } from './icc-profile.ts';
import { ascii, type Findings, type StoredImage, viewOf, without } from './image-file.ts';
import { findScanEnd, makeHuffmanTable, type HuffmanTable, type Scan } from './jpeg-scan.ts';
import { readOrientation } from './orientation.ts';

interface Segment {
  readonly marker: number;
  /** Offset of the marker. */
  readonly begin: number;
  readonly end: number;
}

interface FrameComponent {
  readonly id: number;
  readonly across: number;
  readonly down: number;
}

interface Frame extends Size {
  readonly marker: number;
  /** Bits of a sample. */
  readonly precision: number;
  /** Only for sequential frames can `findScanEnd` tell whether a scan is complete. */
  readonly isSequential: boolean;
  readonly components: readonly FrameComponent[];
}

interface JpegFile {
  /** All segments with a length, in order. */
  readonly segments: readonly Segment[];
  readonly frame: Frame | null;
  /** Offset after the end marker, or after a complete last scan if the marker is missing; null if the picture is truncated. */
  readonly end: number | null;
  readonly hasEndMarker: boolean;
}

const marks = {
  frames: [0xc0, 0xcf],
  huffman: 0xc4,
  arithmetic: 0xcc,
  end: 0xd9,
  scan: 0xda,
  restart: 0xdd,
  lossless: 0xf7,
} as const;

/** Start of frame: C0–CF except DHT (C4), JPG (C8) and DAC (CC); and JPEG-LS's. */
const isFrameMarker = (marker: number): boolean =>
  marker === marks.lossless ||
  (marker >= marks.frames[0] &&
    marker <= marks.frames[1] &&
    marker !== marks.huffman &&
    marker !== 0xc8 &&
    marker !== marks.arithmetic);

/** Kinds of JPEG that browsers do not decode. Source: ITU-T T.81, table B.1; T.87. */
function variantOf({ marker, precision }: Frame): string | null {
  if (marker === marks.lossless) return 'JPEG-LS';
  if (marker > 0xc8) return 'arithmetic JPEG';
  if (marker === 0xc3 || marker === 0xc7) return 'lossless JPEG';
  if (marker > 0xc3) return 'hierarchical JPEG';
  // A number of bits that no kind has is damage.
  return precision === 12 ? '12-bit JPEG' : null;
}

/** Markers without a length: stuffing, TEM, restarts, start and end of image. */
const standsAlone = (marker: number): boolean => marker <= 0x01 || (marker >= 0xd0 && marker <= marks.end);

function readFrame(bytes: Uint8Array, { marker, begin, end }: Segment): Frame | null {
  if (begin + 10 > bytes.length) return null;
  const view = viewOf(bytes);
  const count = bytes[begin + 9] ?? 0;
  const components: FrameComponent[] = [];
  for (let at = begin + 10; components.length < count && at + 3 <= end; at += 3) {
    const factors = bytes[at + 1] ?? 0x11;
    components.push({ id: bytes[at] ?? 0, across: factors >> 4, down: factors & 15 });
  }
  return {
    marker,
    precision: bytes[begin + 4] ?? 0,
    height: view.getUint16(begin + 5),
    width: view.getUint16(begin + 7),
    isSequential: marker === 0xc0 || marker === 0xc1,
    // A truncated header still has the number of components.
    components: Array.from({ length: count }, (_, i) => components[i] ?? { id: -1, across: 1, down: 1 }),
  };
}

/** The tables and settings of a scan, from the segments before it. */
class ScanState {
  readonly #tables = new Map<number, HuffmanTable>();
  #restartInterval = 0;

  take(bytes: Uint8Array, { marker, begin, end }: Segment): void {
    if (marker === marks.restart && end - begin >= 6)
      this.#restartInterval = viewOf(bytes).getUint16(begin + 4);
    if (marker !== marks.huffman) return;
    for (let at = begin + 4; at + 17 <= end;) {
      const counts = bytes.subarray(at + 1, at + 17);
      const total = counts.reduce((sum, count) => sum + count, 0);
      this.#tables.set(bytes[at] ?? 0, makeHuffmanTable(counts, bytes.subarray(at + 17, at + 17 + total)));
      at += 17 + total;
    }
  }

  /** @returns null if the scan's header does not fit the frame or names a missing table */
  describeScan(bytes: Uint8Array, { begin, end }: Segment, frame: Frame): Scan | null {
    const components: Scan['components'][number][] = [];
    const count = bytes[begin + 4] ?? 0;
    for (let at = begin + 5; components.length < count; at += 2) {
      if (at + 2 > end) return null;
      const selectors = bytes[at + 1] ?? 0;
      const component = frame.components.find(({ id }) => id === bytes[at]);
      const dcTable = this.#tables.get(selectors >> 4);
      const acTable = this.#tables.get(0x10 | (selectors & 15));
      if (component === undefined || dcTable === undefined || acTable === undefined) return null;
      components.push({ ...component, dcTable, acTable });
    }
    return {
      height: frame.height,
      width: frame.width,
      maxAcross: Math.max(1, ...frame.components.map(({ across }) => across)),
      maxDown: Math.max(1, ...frame.components.map(({ down }) => down)),
      components,
      restartInterval: this.#restartInterval,
    };
  }
}

/** In scan data FF is stuffed (FF 00); any other FF is a marker. @returns the offset of the first marker that is not a restart */
function passScanData(bytes: Uint8Array, begin: number): number {
  for (let at = bytes.indexOf(0xff, begin); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next !== undefined && next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return bytes.length;
}

/**
 * After the last scan only consecutive segments may come before the end marker. Cameras add videos and other data after it, in which
 * any byte can look like a marker.
 * @returns the offset after the end marker; null if there is none
 */
function findEndMarker(bytes: Uint8Array, begin: number): number | null {
  const view = viewOf(bytes);
  for (let at = begin; at + 1 < bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1] ?? 0;
    if (marker === marks.end) return at + 2;
    if (marker === 0xff) at += 1;
    else if (marker < marks.scan && marker !== marks.huffman) return null;
    else if (at + 4 > bytes.length) return null;
    else at += 2 + view.getUint16(at + 2);
  }
  return null;
}

function readJpeg(bytes: Uint8Array): JpegFile {
  const view = viewOf(bytes);
  const segments: Segment[] = [];
  const state = new ScanState();
  const seen = new Set<number>();
  let frame: Frame | null = null;
  const found = (end: number | null, hasEndMarker: boolean): JpegFile => ({
    segments,
    frame,
    end,
    hasEndMarker,
  });
  for (let offset = 2; offset + 1 < bytes.length;) {
    const marker = bytes[offset + 1] ?? 0;
    if (bytes[offset] !== 0xff || marker === 0xff) {
      offset += 1; // a stray byte, or a fill byte
      continue;
    }
    if (marker === marks.end) return found(offset + 2, true);
    if (standsAlone(marker)) {
      offset += 2;
      continue;
    }
    const length = offset + 4 <= bytes.length ? view.getUint16(offset + 2) : 0;
    // The length may be wrong, so it is limited to the file's end.
    const segment: Segment = { marker, begin: offset, end: Math.min(offset + 2 + length, bytes.length) };
    // A second frame is not part of the picture, but of the data after it.
    if (isFrameMarker(marker) && frame !== null) return found(null, false);
    segments.push(segment);
    state.take(bytes, segment);
    if (isFrameMarker(marker)) frame = readFrame(bytes, segment);
    offset = segment.end;
    if (marker !== marks.scan) continue;
    offset = passScanData(bytes, segment.end);
    if (frame === null || !frame.isSequential) continue;
    const scan = state.describeScan(bytes, segment, frame);
    const count = bytes[segment.begin + 4] ?? 0;
    for (let i = 0; i < count; i++) seen.add(bytes[segment.begin + 5 + 2 * i] ?? -1);
    if (seen.size < frame.components.length) continue;
    const end = findEndMarker(bytes, offset);
    if (end !== null) return found(end, true);
    return found(scan === null ? null : findScanEnd(bytes, segment.end, scan), false);
  }
  return found(null, false);
}

/** The size is not read by image-size, which fails if the EXIF data is damaged. */
export function inspectJpeg(bytes: Uint8Array): Findings {
  const { frame, end, hasEndMarker } = readJpeg(bytes);
  const variant = frame && variantOf(frame);
  return {
    ...(variant === null ? {} : { variant }),
    sizePx: frame && { height: frame.height, width: frame.width },
    complete: end !== null,
    notices: [
      ...(frame?.components.length === 4 ? (['cmyk-converted'] as const) : []),
      ...(end !== null && !hasEndMarker ? (['end-missing'] as const) : []),
    ],
  };
}

const profileSignature = 'ICC_PROFILE\0';

/** Joins a profile of more than 64 kB, which is split into numbered segments. */
function joinProfile(bytes: Uint8Array, segments: readonly Segment[]): Uint8Array | null {
  const headLength = 4 + profileSignature.length + 2;
  const pieces = segments
    .filter(({ marker, begin }) => marker === 0xe2 && ascii(bytes, begin + 4, 12) === profileSignature)
    .toSorted((a, b) => (bytes[a.begin + headLength - 2] ?? 0) - (bytes[b.begin + headLength - 2] ?? 0))
    .map(({ begin, end }) => [...bytes.subarray(begin + headLength, end)]);
  return pieces.length === 0 ? null : Uint8Array.from(pieces.flat());
}

/** Segments that a decoder needs: the tables, frame and scans, JFIF, and Adobe's segment with the colour coding. */
const isNeeded = ({ marker }: Segment): boolean =>
  marker === 0xe0 || marker === 0xee || !((marker >= 0xe0 && marker <= 0xef) || marker === 0xfe);

const endMarker = Uint8Array.of(0xff, marks.end);

/** @param bytes of a JPEG that `inspectJpeg` found complete */
export function storedJpeg(bytes: Uint8Array): StoredImage {
  const { segments, end, hasEndMarker } = readJpeg(bytes);
  const exif = segments.find(
    ({ marker, begin }) => marker === 0xe1 && ascii(bytes, begin + 4, 6) === 'Exif\0\0',
  );
  const profile = joinProfile(bytes, segments);
  const picture = bytes.subarray(0, end ?? bytes.length);
  const parts = without(
    picture,
    segments.filter((segment) => !isNeeded(segment)),
  );
  return {
    parts: hasEndMarker ? parts : [...parts, endMarker],
    orientation: exif === undefined ? 1 : readOrientation(bytes.subarray(exif.begin + 4, exif.end)),
    hasOtherColours: profile !== null && !isNearSrgb(profile),
    mayBeTransparent: false,
  };
}
