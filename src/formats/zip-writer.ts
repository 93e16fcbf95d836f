/**
 * Writes a zip archive without compression, so that its entries can be read in place and any tool can open it.
 * Source: PKWARE's APPNOTE.TXT, sections 4.3.7 to 4.3.16. No ZIP64: the archive stays below 4 GiB.
 */
import { FailureError } from '../core/failure.ts';
import { addToCrc32 } from '../core/crc32.ts';
import { readBytes } from './read-bytes.ts';

const pieceBytes = 4 * 1024 * 1024;

/** Told of each piece that has been read, in bytes; what it throws ends the reading. */
export type PieceListener = (byteLength: number) => void;

/** CRC-32 of a file's bytes, read a piece at a time. @throws FailureError 'unreadable-file' */
export async function crc32Of(file: Blob, onPiece: PieceListener = () => undefined): Promise<number> {
  let crc = 0;
  for (let at = 0; at < file.size; at += pieceBytes) {
    const piece = await readBytes(file, at, Math.min(at + pieceBytes, file.size));
    if (piece === null) throw new FailureError({ code: 'unreadable-file' });
    crc = addToCrc32(crc, piece);
    onPiece(piece.byteLength);
  }
  return crc;
}

/** 1 January 1980, the format's first day: an archive of the same files is the same archive. */
const firstDay = 0x21;

/** The fields that an entry's own header and the directory share. @param at where they begin */
function writeFields(view: DataView, at: number, crc: number, byteLength: number, nameLength: number): void {
  view.setUint16(at, 20, true); // version needed
  view.setUint16(at + 2, 0x800, true); // names are UTF-8
  view.setUint16(at + 8, firstDay, true);
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, byteLength, true);
  view.setUint32(at + 18, byteLength, true);
  view.setUint16(at + 22, nameLength, true);
}

/** @returns an archive whose parts are the given files themselves, in their order */
export async function writeZip(files: ReadonlyMap<string, Blob>, onPiece?: PieceListener): Promise<Blob> {
  const parts: BlobPart[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (const [name, file] of files) {
    const nameBytes = new TextEncoder().encode(name);
    const crc = await crc32Of(file, onPiece);
    const local = new Uint8Array(30 + nameBytes.byteLength);
    const localView = new DataView(local.buffer);
    localView.setUint32(0, 0x04034b50, true);
    writeFields(localView, 4, crc, file.size, nameBytes.byteLength);
    local.set(nameBytes, 30);
    const entry = new Uint8Array(46 + nameBytes.byteLength);
    const entryView = new DataView(entry.buffer);
    entryView.setUint32(0, 0x02014b50, true);
    entryView.setUint16(4, 20, true);
    writeFields(entryView, 6, crc, file.size, nameBytes.byteLength);
    entryView.setUint32(42, offset, true);
    entry.set(nameBytes, 46);
    directory.push(entry);
    parts.push(local, file);
    offset += local.byteLength + file.size;
  }
  const directoryBytes = directory.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (offset + directoryBytes >= 0xffffffff)
    throw new FailureError({ code: 'storage-failed', problem: 'the archive would be larger than 4 GiB' });
  const end = new Uint8Array(22);
  const endView = new DataView(end.buffer);
  endView.setUint32(0, 0x06054b50, true);
  endView.setUint16(8, directory.length, true);
  endView.setUint16(10, directory.length, true);
  endView.setUint32(12, directoryBytes, true);
  endView.setUint32(16, offset, true);
  return new Blob([...parts, ...directory, end], { type: 'application/zip' });
}
