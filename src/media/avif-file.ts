/**
 * AVIF: boxes inside boxes. How a picture is turned stands in properties of its primary item; EXIF's orientation does not count.
 * Source: ISO/IEC 14496-12 (boxes), 23008-12 (items and their properties), 23000-22 (EXIF).
 */
import { isNearSrgb } from './icc-profile.ts';
import { ascii, type Findings, readSize, type StoredImage, viewOf } from './image-file.ts';
import type { Orientation } from './orientation.ts';

interface Box {
  readonly type: string;
  /** Of the box, and of what it holds. */
  readonly begin: number;
  readonly inside: number;
  readonly end: number;
}

function* boxesOf(bytes: Uint8Array, begin: number, end: number): Generator<Box> {
  const view = viewOf(bytes);
  for (let at = begin; at + 8 <= end;) {
    const size32 = view.getUint32(at);
    if (size32 === 1 && at + 16 > end) return;
    // 1 means that a 64-bit size follows, 0 that the box goes on to the end.
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

/** What comes after the image's data does not matter. */
export function inspectAvif(bytes: Uint8Array): Findings {
  let complete = false;
  for (const { type, end } of boxesOf(bytes, 0, bytes.length))
    if (type === 'mdat') {
      complete = end <= bytes.length;
      break;
    }
  return { sizePx: readSize(bytes), complete, notices: [] };
}

/** The box at the end of a path of types; null where there is none, or not all of it. */
function findBox(bytes: Uint8Array, path: readonly string[]): Box | null {
  let inside: Box = { type: '', begin: 0, inside: 0, end: bytes.length };
  for (const type of path) {
    const [found] = [...boxesOf(bytes, inside.inside, inside.end)].filter((box) => box.type === type);
    if (found === undefined || found.end > inside.end) return null;
    // 'meta' has a version before its boxes.
    inside = type === 'meta' ? { ...found, inside: found.inside + 4 } : found;
  }
  return inside;
}

/** The number of the item that is shown. */
function primaryItem(bytes: Uint8Array): number | null {
  const box = findBox(bytes, ['meta', 'pitm']);
  if (box === null || box.inside + 8 > bytes.length) return null;
  const view = viewOf(bytes);
  return bytes[box.inside] === 0 ? view.getUint16(box.inside + 4) : view.getUint32(box.inside + 4);
}

/** @returns the places, from 1, that an item's properties have in their container; in the order in which they apply */
function propertiesOf(bytes: Uint8Array, item: number): number[] {
  const box = findBox(bytes, ['meta', 'iprp', 'ipma']);
  if (box === null) return [];
  const view = viewOf(bytes);
  const isLongItem = (bytes[box.inside] ?? 0) >= 1;
  const isLongIndex = ((bytes[box.inside + 3] ?? 0) & 1) !== 0;
  const entries = view.getUint32(box.inside + 4);
  let at = box.inside + 8;
  for (let entry = 0; entry < entries && at + 5 <= box.end; entry++) {
    const id = isLongItem ? view.getUint32(at) : view.getUint16(at);
    at += isLongItem ? 4 : 2;
    const count = bytes[at] ?? 0;
    at += 1;
    const width = isLongIndex ? 2 : 1;
    if (at + count * width > box.end) return [];
    // The highest bit says that a property is essential.
    const indices = Array.from({ length: count }, (_, i) =>
      isLongIndex ? view.getUint16(at + 2 * i) & 0x7fff : (bytes[at + i] ?? 0) & 0x7f,
    );
    if (id === item) return indices;
    at += count * width;
  }
  return [];
}

/** A turn by a multiple of 90° anticlockwise, then a mirror: 0 exchanges top and bottom, 1 left and right, null leaves it. */
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

/** Writes another type, four letters, over a box's. */
const retype = (bytes: Uint8Array, { begin }: Box, type: string): void =>
  bytes.set(new TextEncoder().encode(type), begin + 4);

interface TurnAndColours {
  readonly orientation: Orientation;
  readonly hasOtherColours: boolean;
}

/** @returns how to turn it and what its colours are, which it takes out of `bytes` */
function takeOut(bytes: Uint8Array): TurnAndColours {
  const item = primaryItem(bytes);
  const container = findBox(bytes, ['meta', 'iprp', 'ipco']);
  if (item === null || container === null) return { orientation: 1, hasOtherColours: false };
  const boxes = [...boxesOf(bytes, container.inside, container.end)].filter(
    ({ end }) => end <= container.end,
  );
  let quarters = 0;
  let mirror: 0 | 1 | null = null;
  let hasOtherColours = false;
  for (const index of propertiesOf(bytes, item)) {
    const box = boxes[index - 1];
    if (box === undefined) continue;
    const { type, inside, end } = box;
    const value = (bytes[inside] ?? 0) & 3;
    if (type === 'irot' && end > inside) {
      quarters = value;
      bytes[inside] = 0;
    } else if (type === 'imir' && end > inside) {
      mirror = (value & 1) as 0 | 1;
      // No value leaves a picture as it is. A turn by nothing does, and is as long.
      retype(bytes, box, 'irot');
      bytes[inside] = 0;
    } else if (type === 'colr' && end >= inside + 8) {
      hasOtherColours = takeOutColours(bytes, box) || hasOtherColours;
    }
  }
  return { orientation: orientationOf(quarters, mirror), hasOtherColours };
}

/** A profile becomes free room. Of codes the matrix stays, which is no matter of taste: it turns YUV to RGB. */
function takeOutColours(bytes: Uint8Array, box: Box): boolean {
  const { inside, end } = box;
  const kind = ascii(bytes, inside, 4);
  if (kind === 'prof' || kind === 'rICC') {
    const isOther = !isNearSrgb(bytes.slice(inside + 4, end));
    retype(bytes, box, 'free');
    return isOther;
  }
  if (kind !== 'nclx') return false;
  const view = viewOf(bytes);
  const primaries = view.getUint16(inside + 4);
  const curve = view.getUint16(inside + 6);
  view.setUint16(inside + 4, 1);
  view.setUint16(inside + 6, 13);
  // 2 means that nobody has said; the others are sRGB's primaries and curves near its own.
  return ![1, 2].includes(primaries) || ![1, 2, 6, 13].includes(curve);
}

export function storedAvif(bytes: Uint8Array): StoredImage {
  const changed = bytes.slice();
  return { ...takeOut(changed), parts: [changed], mayBeTransparent: true };
}
