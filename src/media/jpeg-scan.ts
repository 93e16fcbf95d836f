/**
 * Checks whether a JPEG's scan has every block that its header states, and finds its end, by reading all Huffman codes. Used only for
 * files without an end marker, where nothing else tells a complete scan from a truncated one.
 * Source: ITU-T T.81, F.2.2 (sequential decoding), E.2.4 (restarts), A.2 (order of the blocks).
 */

interface ScanComponent {
  /** Sampling factor, from the frame's header. */
  readonly across: number;
  readonly down: number;
  readonly dcTable: HuffmanTable;
  readonly acTable: HuffmanTable;
}

export interface Scan {
  readonly height: number;
  readonly width: number;
  /** The largest sampling factors of all components of the frame. */
  readonly maxAcross: number;
  readonly maxDown: number;
  readonly components: readonly ScanComponent[];
  /** MCUs between two restart markers; 0 for none. */
  readonly restartInterval: number;
}

export interface HuffmanTable {
  /** Indexed by code length, 1 to 16: the first code of that length, the last plus one, and the index of its first symbol. */
  readonly first: Int32Array;
  readonly beyond: Int32Array;
  readonly offset: Int32Array;
  readonly symbols: Uint8Array;
}

/** @param counts the number of codes of each length, from 1 to 16 bits */
export function makeHuffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const first = new Int32Array(17);
  const beyond = new Int32Array(17);
  const offset = new Int32Array(17);
  let code = 0;
  let used = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1] ?? 0;
    first[length] = code;
    beyond[length] = code + count;
    offset[length] = used;
    used += count;
    code = (code + count) * 2;
  }
  return { first, beyond, offset, symbols };
}

/** Thrown inside this module only: the data ended, or is not valid for these Huffman tables. */
class ScanBroken extends Error {}

class BitReader {
  readonly #bytes: Uint8Array;
  #at: number;
  #bits = 0;
  #count = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Offset after the last byte that was read, even in part. */
  get position(): number {
    return this.#at;
  }

  readBit(): number {
    if (this.#count === 0) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new ScanBroken();
      // FF followed by 0 is data; FF followed by any other byte is a marker.
      if (byte === 0xff && this.#bytes[this.#at + 1] !== 0) throw new ScanBroken();
      this.#at += byte === 0xff ? 2 : 1;
      this.#bits = byte;
      this.#count = 8;
    }
    this.#count -= 1;
    return (this.#bits >> this.#count) & 1;
  }

  skipBits(count: number): void {
    for (let i = 0; i < count; i++) this.readBit();
  }

  readSymbol({ first, beyond, offset, symbols }: HuffmanTable): number {
    let code = 0;
    for (let length = 1; length <= 16; length++) {
      code = code * 2 + this.readBit();
      const from = first[length] as number;
      if (code >= from && code < (beyond[length] as number)) {
        const symbol = symbols[(offset[length] as number) + code - from];
        if (symbol !== undefined) return symbol;
      }
    }
    throw new ScanBroken();
  }

  /** Skips the padding bits of the byte; a restart marker must follow. */
  passRestart(): void {
    this.#count = 0;
    while (this.#bytes[this.#at] === 0xff && this.#bytes[this.#at + 1] === 0xff) this.#at += 1;
    const marker = this.#bytes[this.#at + 1] ?? 0;
    if (this.#bytes[this.#at] !== 0xff || marker < 0xd0 || marker > 0xd7) throw new ScanBroken();
    this.#at += 2;
  }
}

function passBlock(reader: BitReader, { dcTable, acTable }: ScanComponent): void {
  reader.skipBits(reader.readSymbol(dcTable) & 15);
  for (let coefficient = 1; coefficient < 64; coefficient++) {
    const symbol = reader.readSymbol(acTable);
    const zeros = symbol >> 4;
    const size = symbol & 15;
    if (size === 0 && zeros !== 15) return; // the rest of the block is zero
    coefficient += zeros;
    reader.skipBits(size);
  }
}

/** A scan of one component has only its blocks. A scan of several interleaves them, with as many of each as its sampling factors state. */
function unitsOf(scan: Scan): { readonly count: number; readonly blocks: readonly ScanComponent[] } {
  const { height, width, maxAcross, maxDown, components } = scan;
  const [only] = components;
  if (components.length === 1 && only !== undefined) {
    const columns = Math.ceil(Math.ceil((width * only.across) / maxAcross) / 8);
    const rows = Math.ceil(Math.ceil((height * only.down) / maxDown) / 8);
    return { count: rows * columns, blocks: [only] };
  }
  const blocks = components.flatMap((component) =>
    Array.from({ length: component.across * component.down }, () => component),
  );
  return { count: Math.ceil(width / (8 * maxAcross)) * Math.ceil(height / (8 * maxDown)), blocks };
}

/**
 * @param begin offset of the scan's data, after its header
 * @returns the offset where the scan's data ends; null if some is missing
 */
export function findScanEnd(bytes: Uint8Array, begin: number, scan: Scan): number | null {
  const reader = new BitReader(bytes, begin);
  const { count, blocks } = unitsOf(scan);
  try {
    for (let unit = 0; unit < count; unit++) {
      if (scan.restartInterval > 0 && unit > 0 && unit % scan.restartInterval === 0) reader.passRestart();
      for (const component of blocks) passBlock(reader, component);
    }
  } catch (error) {
    if (error instanceof ScanBroken) return null;
    throw error;
  }
  return reader.position;
}
