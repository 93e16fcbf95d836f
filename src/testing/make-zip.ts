/** Builds valid and invalid zip archives, including ones larger than memory. */

interface ZipPiece {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Zero bytes before the entry; they are not stored in memory. */
  readonly holeBytes?: number;
  /** 0 means stored, 8 means deflated. */
  readonly method?: number;
  /** What it says to unpack to; its own length if not given. */
  readonly unpackedBytes?: number;
}

/** A Blob with holes: bytes outside its pieces read as zeros. */
class SparseBlob extends Blob {
  private readonly pieces: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
  private readonly byteLength: number;

  constructor(pieces: SparseBlob['pieces'], byteLength: number) {
    super([]);
    this.pieces = pieces;
    this.byteLength = byteLength;
  }

  override get size(): number {
    return this.byteLength;
  }

  override slice(begin = 0, end = this.size): Blob {
    const bytes = new Uint8Array(Math.max(0, Math.min(end, this.size) - begin));
    for (const piece of this.pieces) {
      const from = Math.max(begin, piece.offset);
      const to = Math.min(end, piece.offset + piece.bytes.length);
      if (from < to) bytes.set(piece.bytes.subarray(from - piece.offset, to - piece.offset), from - begin);
    }
    return new Blob([bytes]);
  }
}

/**
 * The fields of an entry that both of its headers have. With ZIP64 the sizes are in the extra field, and the fields of 32
 * bits have all bits set.
 */
function header(signature: number, entry: ZipPiece, zip64Offset: number | null, offset: number): Buffer {
  const isDirectory = signature === 0x02014b50;
  const name = Buffer.from(entry.name);
  const long = zip64Offset !== null;
  const extra = Buffer.alloc(long ? (isDirectory ? 28 : 20) : 0);
  if (long) {
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(extra.length - 4, 2);
    extra.writeBigUInt64LE(BigInt(entry.bytes.length), 4);
    extra.writeBigUInt64LE(BigInt(entry.bytes.length), 12);
    if (isDirectory) extra.writeBigUInt64LE(BigInt(zip64Offset), 20);
  }
  const fixed = Buffer.alloc(isDirectory ? 46 : 30);
  const shift = isDirectory ? 2 : 0;
  fixed.writeUInt32LE(signature, 0);
  fixed.writeUInt16LE(entry.method ?? 0, 8 + shift);
  fixed.writeUInt32LE(long ? 0xffffffff : entry.bytes.length, 18 + shift);
  fixed.writeUInt32LE(long ? 0xffffffff : (entry.unpackedBytes ?? entry.bytes.length), 22 + shift);
  fixed.writeUInt16LE(name.length, 26 + shift);
  fixed.writeUInt16LE(extra.length, 28 + shift);
  if (isDirectory) fixed.writeUInt32LE(long ? 0xffffffff : offset, 42);
  return Buffer.concat([fixed, name, extra]);
}

/** @param isZip64 needed if the holes add up to more than 4 GiB */
export function makeZip(entries: readonly ZipPiece[], isZip64 = false): Blob {
  const pieces: { offset: number; bytes: Uint8Array }[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  const write = (bytes: Uint8Array): void => {
    pieces.push({ offset, bytes });
    offset += bytes.length;
  };
  for (const entry of entries) {
    offset += entry.holeBytes ?? 0;
    directory.push(header(0x02014b50, entry, isZip64 ? offset : null, offset));
    write(header(0x04034b50, entry, isZip64 ? offset : null, offset));
    write(entry.bytes);
  }
  const begin = offset;
  write(Buffer.concat(directory));
  const directoryBytes = offset - begin;
  if (isZip64) {
    const end = Buffer.alloc(56 + 20);
    end.writeUInt32LE(0x06064b50, 0);
    end.writeBigUInt64LE(44n, 4);
    end.writeBigUInt64LE(BigInt(directoryBytes), 40);
    end.writeBigUInt64LE(BigInt(begin), 48);
    end.writeUInt32LE(0x07064b50, 56);
    end.writeBigUInt64LE(BigInt(offset), 64);
    write(end);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt32LE(isZip64 ? 0xffffffff : directoryBytes, 12);
  end.writeUInt32LE(isZip64 ? 0xffffffff : begin, 16);
  write(end);
  return new SparseBlob(pieces, offset);
}
