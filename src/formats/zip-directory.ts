/**
 * A zip archive's directory, read from the end of the file without touching the rest, and its entries. PyTorch never
 * compresses, so each tensor's bytes can be read on request; whoever packs its archive anew may compress them. Source:
 * PKWARE's APPNOTE.TXT, sections 4.3.7 to 4.3.16 and 4.5.3 (ZIP64).
 */
import { distributedParts } from '../core/checkpoint-parts.ts';
import { FailureError } from '../core/failure.ts';
import { readBytes } from './read-bytes.ts';

export interface ZipEntry {
  readonly name: string;
  /** Unpacked. */
  readonly byteLength: number;
  /** Bytes of the file. */
  readonly packedBytes: number;
  readonly isStored: boolean;
  /** Compressed as archives usually are. What is neither this nor stored cannot be read. */
  readonly isDeflated: boolean;
  readonly crc32: number;
  /** Where the entry's local header begins; its bytes follow that header. */
  readonly headerOffset: number;
}

const signatures = {
  localHeader: 0x04034b50,
  directoryEntry: 0x02014b50,
  directoryEnd: 0x06054b50,
  zip64End: 0x06064b50,
  zip64Locator: 0x07064b50,
};
const endBytes = 22;
const locatorBytes = 20;
const zip64EndBytes = 56;
const maxCommentBytes = 0xffff;
/** A million tensors have a directory of this size; no checkpoint has. */
const maxDirectoryBytes = 64 * 1024 * 1024;
const methods = { stored: 0, deflated: 8 };
/** In a 32-bit field: look into the ZIP64 field instead. */
const elsewhere = 0xffffffff;

const invalid = (problem: string): FailureError => new FailureError({ code: 'checkpoint-invalid', problem });

/** Its offsets count from a later archive's beginning. */
const severalArchives = `it is several archives one after the other; ${distributedParts}`;

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

async function readView(file: Blob, begin: number, end: number, what: string): Promise<DataView> {
  const bytes = begin >= 0 && end <= file.size ? await readBytes(file, begin, end) : null;
  if (bytes === null) throw invalid(`${what} lies outside the file (truncated?)`);
  return viewOf(bytes);
}

/** @returns where the directory is */
async function findDirectory(file: Blob): Promise<{ begin: number; end: number }> {
  const tailBegin = Math.max(0, file.size - endBytes - maxCommentBytes - locatorBytes);
  const tail = await readView(file, tailBegin, file.size, 'its archive');
  let at = tail.byteLength - endBytes;
  while (at >= 0 && tail.getUint32(at, true) !== signatures.directoryEnd) at--;
  if (at < 0) throw invalid('the end of its archive is missing; it was cut short');
  let byteLength = tail.getUint32(at + 12, true);
  let begin = tail.getUint32(at + 16, true);
  /** Where the directory and what belongs to it must end. */
  let end = tailBegin + at;
  const locator = at - locatorBytes;
  if (locator >= 0 && tail.getUint32(locator, true) === signatures.zip64Locator) {
    const endOffset = Number(tail.getBigUint64(locator + 8, true));
    const zip64 = await readView(file, endOffset, endOffset + zip64EndBytes, 'the ZIP64 end of its archive');
    // The length of what follows these twelve bytes.
    if (endOffset + 12 + Number(zip64.getBigUint64(4, true)) < tailBegin + locator)
      throw invalid(severalArchives);
    end = endOffset;
    if (zip64.getUint32(0, true) !== signatures.zip64End)
      throw invalid('the ZIP64 end of its archive is damaged');
    byteLength = Number(zip64.getBigUint64(40, true));
    begin = Number(zip64.getBigUint64(48, true));
  }
  if (begin + byteLength < end) throw invalid(severalArchives);
  if (byteLength > maxDirectoryBytes) throw invalid('the directory of its archive is too long');
  return { begin, end: begin + byteLength };
}

/** ZIP64 keeps, in this order, those of the sizes and the offset that do not fit 32 bits. */
function readZip64Extra(extra: DataView, wanted: readonly boolean[]): (number | undefined)[] {
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== 1) continue;
    const end = Math.min(extra.byteLength, at + 4 + extra.getUint16(at + 2, true));
    let field = at + 4;
    return wanted.map((isWanted) => {
      if (!isWanted || field + 8 > end) return undefined;
      field += 8;
      return Number(extra.getBigUint64(field - 8, true));
    });
  }
  return [];
}

/** @throws FailureError 'checkpoint-invalid' with what is wrong */
export async function readZipDirectory(file: Blob): Promise<Map<string, ZipEntry>> {
  const { begin, end } = await findDirectory(file);
  const view = await readView(file, begin, end, 'the directory of its archive');
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at + 46 <= view.byteLength;) {
    if (view.getUint32(at, true) !== signatures.directoryEntry)
      throw invalid('the directory of its archive is damaged');
    const nameEnd = at + 46 + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    if (extraEnd > view.byteLength) throw invalid('the directory of its archive is damaged');
    const isEncrypted = (view.getUint16(at + 8, true) & 1) !== 0;
    const method = view.getUint16(at + 10, true);
    const compressed = view.getUint32(at + 20, true);
    const size = view.getUint32(at + 24, true);
    const offset = view.getUint32(at + 42, true);
    const [longSize, longCompressed, longOffset] = readZip64Extra(
      new DataView(view.buffer, view.byteOffset + nameEnd, extraEnd - nameEnd),
      [size === elsewhere, compressed === elsewhere, offset === elsewhere],
    );
    const name = new TextDecoder().decode(
      new Uint8Array(view.buffer, view.byteOffset + at + 46, nameEnd - at - 46),
    );
    entries.set(name, {
      name,
      byteLength: longSize ?? size,
      packedBytes: longCompressed ?? compressed,
      isStored: !isEncrypted && method === methods.stored,
      isDeflated: !isEncrypted && method === methods.deflated,
      crc32: view.getUint32(at + 16, true),
      headerOffset: longOffset ?? offset,
    });
    at = extraEnd + view.getUint16(at + 32, true);
  }
  return entries;
}

/** @returns where the bytes of an entry begin: PyTorch pads the header before them, so that they are aligned */
export async function findPacked(file: Blob, { name, headerOffset, packedBytes }: ZipEntry): Promise<number> {
  const header = await readView(file, headerOffset, headerOffset + 30, `its entry ${name}`);
  if (header.getUint32(0, true) !== signatures.localHeader) throw invalid(`its entry ${name} is damaged`);
  const begin = headerOffset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (begin + packedBytes > file.size) throw invalid(`its entry ${name} lies outside the file (truncated?)`);
  return begin;
}

/**
 * @param entry a stored one
 * @returns the offset of the entry's bytes, all of which lie within the file
 * @throws FailureError 'checkpoint-invalid' with what is wrong
 */
export async function findEntryBytes(file: Blob, entry: ZipEntry): Promise<number> {
  const { name, isStored, byteLength, packedBytes } = entry;
  if (!isStored) throw invalid(`its entry ${name} is compressed; pack the archive anew without compression`);
  if (byteLength !== packedBytes) throw invalid(`its entry ${name} is damaged`);
  return findPacked(file, entry);
}
