/** The scalars of pickle: None, booleans, numbers, texts and bytes. */
import type { ByteCursor } from './byte-cursor.ts';
import type { PickleValue } from './pickle-values.ts';

/** @returns the value that the opcode `code` pushes, or undefined where it is no scalar's */
export function readScalar(cursor: ByteCursor, code: number): PickleValue | undefined {
  switch (code) {
    case 0x4e: // NONE
      return null;
    case 0x88: // NEWTRUE
      return true;
    case 0x89: // NEWFALSE
      return false;
    case 0x4b: // BININT1
      return cursor.uint8();
    case 0x4d: // BININT2
      return cursor.uint16();
    case 0x4a: // BININT
      return cursor.uint32() | 0;
    case 0x47: // BINFLOAT
      return cursor.float64BigEndian();
    case 0x49: // INT, where 00 and 01 are truth values
    case 0x46: // FLOAT
      return cursor.numberLine();
    case 0x4c: // LONG
      return cursor.longLine();
    case 0x8a: // LONG1
      return cursor.long(cursor.uint8());
    case 0x8b: // LONG4
      return cursor.long(cursor.uint32());
    case 0x53: // STRING
      return cursor.line().replace(/^(['"])(.*)\1$/, '$2');
    case 0x56: // UNICODE
      return cursor.line();
    case 0x55: // SHORT_BINSTRING
    case 0x8c: // SHORT_BINUNICODE
      return cursor.text(cursor.uint8());
    case 0x54: // BINSTRING
    case 0x58: // BINUNICODE
      return cursor.text(cursor.uint32());
    case 0x8d: // BINUNICODE8
      return cursor.text(cursor.uint64());
    case 0x43: // SHORT_BINBYTES
      return cursor.skipBytes(cursor.uint8());
    case 0x42: // BINBYTES
      return cursor.skipBytes(cursor.uint32());
    case 0x8e: // BINBYTES8
    case 0x96: // BYTEARRAY8
      return cursor.skipBytes(cursor.uint64());
    default:
      return undefined;
  }
}
