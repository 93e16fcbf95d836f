/**
 * AVIF: nested boxes. The orientation is in properties of the primary item; EXIF's orientation does not count.
 * Source: ISO/IEC 14496-12 (boxes), 23008-12 (items and their properties), 23000-22 (EXIF).
 */
import { isNearSrgb } from './icc-profile.ts';
import { ascii, type Findings, readSize, type StoredImage, viewOf } from './image-file.ts';
import type { Orientation } from './orientation.ts';

interface Box {
  readonly type: string;
  /** Offsets of the box, and of its content. */
  readonly begin: number;
  readonly inside: number;
  readonly end: number;
}

function* boxesOf(bytes: Uint8Array, begin: number, end: number): Generator<Box> {
  const view = viewOf(bytes);
  for (let at = begin; at + 8 <= end;) {
    const size32 = view.getUint32(at);
    if (size32 === 1 && at + 16 > end) return;
    // 1 means that a 64-bit size follows, 0 that the box extends to the end.
    const size = size32 === 1 ? Number(view.getBigUint64(at + 8)) : size32 || end - at;
    if (size < 8) return;
    yield {
      type: ascii(bytes, at + 4, 4),
      begin: at,
      inside: at + (size32 === 1 ? 16 : 8),
      end: at + size,
    };
    at += size;
  }
}

/** Data after the image's data is ignored. */
export function inspectAvif(bytes: Uint8Array): Findings {
  let complete = false;
  for (const { type, end } of boxesOf(bytes, 0, bytes.length))
    if (type === 'mdat') {
      complete = end <= bytes.length;
      break;
    }
  return { sizePx: readSize(bytes), complete, notices: [] };
}

/** The box at the end of a path of types; null if it is missing or incomplete. */
function findBox(bytes: Uint8Array, path: readonly string[]): Box | null {
  let inside: Box = { type: '', begin: 0, inside: 0, end: bytes.length };
  for (const type of path) {
    const [found] = [...boxesOf(bytes, inside.inside, inside.end)].filter((box) => box.type === type);
    if (found === undefined || found.end > inside.end) return null;
    // 'meta' has a version field before its boxes.
    inside = type === 'meta' ? { ...found, inside: found.inside + 4 } : found;
  }
  return inside;
}

/** The id of the primary item. */
function primaryItem(bytes: Uint8Array): number | null {
  const box = findBox(bytes, ['meta', 'pitm']);
  if (box === null || box.inside + 8 > bytes.length) return null;
  const view = viewOf(bytes);
  return bytes[box.inside] === 0 ? view.getUint16(box.inside + 4) : view.getUint32(box.inside + 4);
}

/** The association of a property with an item. */
interface Association {
  readonly item: number;
  /** The property's index in its container, from 1; 0 for none. */
  readonly index: number;
  /** Offset and length in bytes of this entry. */
  readonly at: number;
  readonly width: 1 | 2;
}

/** @returns the properties of each item, in the order in which they apply */
function associationsOf(bytes: Uint8Array): Association[] {
  const box = findBox(bytes, ['meta', 'iprp', 'ipma']);
  if (box === null || box.end - box.inside < 8) return [];
  const view = viewOf(bytes);
  const isLongItem = (bytes[box.inside] ?? 0) >= 1;
  const width = ((bytes[box.inside + 3] ?? 0) & 1) === 0 ? 1 : 2;
  const entries = view.getUint32(box.inside + 4);
  const found: Association[] = [];
  let at = box.inside + 8;
  for (let entry = 0; entry < entries && at + 5 <= box.end; entry++) {
    const item = isLongItem ? view.getUint32(at) : view.getUint16(at);
    at += isLongItem ? 4 : 2;
    const count = bytes[at] ?? 0;
    at += 1;
    for (let i = 0; i < count && at + width <= box.end; i++, at += width) {
      // The highest bit marks an essential property.
      const index = width === 2 ? view.getUint16(at) & 0x7fff : (bytes[at] ?? 0) & 0x7f;
      found.push({ item, index, at, width });
    }
  }
  return found;
}

/** A rotation by a multiple of 90° anticlockwise, then a mirror: 0 swaps top and bottom, 1 left and right, null does nothing. */
function orientationOf(quarters: number, mirror: 0 | 1 | null): Orientation {
  const table: readonly (readonly [none: Orientation, topBottom: Orientation, leftRight: Orientation])[] = [
    [1, 4, 2],
    [8, 5, 7],
    [3, 2, 4],
    [6, 7, 5],
  ];
  const [none, topBottom, leftRight] = table[quarters & 3] ?? [1, 4, 2];
  return mirror === null ? none : mirror === 0 ? topBottom : leftRight;
}

interface TurnAndColours {
  readonly orientation: Orientation;
  readonly hasOtherColours: boolean;
}

/** Sets the colour codes to sRGB, except the matrix, which converts YUV to RGB. @returns whether they stated other colours */
function overwriteCodes(bytes: Uint8Array, { inside }: Box): boolean {
  const view = viewOf(bytes);
  const primaries = view.getUint16(inside + 4);
  const curve = view.getUint16(inside + 6);
  view.setUint16(inside + 4, 1);
  view.setUint16(inside + 6, 13);
  // 2 means unspecified; the others are sRGB's primaries, and curves near sRGB's.
  return ![1, 2].includes(primaries) || ![1, 2, 6, 13].includes(curve);
}

/** Removes orientation and colours from `bytes`. @returns the orientation, and whether the colours were other than sRGB */
function takeOut(bytes: Uint8Array): TurnAndColours {
  const item = primaryItem(bytes);
  const container = findBox(bytes, ['meta', 'iprp', 'ipco']);
  if (item === null || container === null) return { orientation: 1, hasOtherColours: false };
  const boxes = [...boxesOf(bytes, container.inside, container.end)].filter(
    ({ end }) => end <= container.end,
  );
  const associations = associationsOf(bytes);
  const taken = new Set<number>();
  let quarters = 0;
  let mirror: 0 | 1 | null = null;
  let hasOtherColours = false;
  for (const { index } of associations.filter((each) => each.item === item)) {
    const box = boxes[index - 1];
    if (box === undefined) continue;
    const { type, inside, end } = box;
    const value = bytes[inside] ?? 0;
    if (type === 'irot' && end > inside) {
      quarters = value & 3;
      taken.add(index);
    } else if (type === 'imir' && end > inside) {
      mirror = (value & 1) as 0 | 1;
      taken.add(index);
    } else if (type === 'colr' && end >= inside + 8) {
      const kind = ascii(bytes, inside, 4);
      if (kind === 'nclx') hasOtherColours = overwriteCodes(bytes, box) || hasOtherColours;
      else if (kind === 'prof' || kind === 'rICC') {
        hasOtherColours = !isNearSrgb(bytes.slice(inside + 4, end)) || hasOtherColours;
        taken.add(index);
      }
    }
  }
  // Index 0 means no property, so the boxes need not be moved.
  for (const { index, at, width } of associations) if (taken.has(index)) bytes.fill(0, at, at + width);
  return { orientation: orientationOf(quarters, mirror), hasOtherColours };
}

export function storedAvif(bytes: Uint8Array): StoredImage {
  // A Buffer's `slice` would be the same bytes.
  const changed = Uint8Array.from(bytes);
  return { ...takeOut(changed), parts: [changed], mayBeTransparent: true };
}
