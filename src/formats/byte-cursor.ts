/** Reads a part of a file from front to back, for the pickle reader, with a window of it in memory. */
import { FailureError } from '../core/failure.ts';
import type { PickleBytes } from './pickle-values.ts';
import { readBytes } from './read-bytes.ts';

/** Thrown where more is read than the window has; `moveWindow`, then read again. Never leaves `readPickle`. */
export class EndOfWindow extends Error {
  override readonly name = 'EndOfWindow';
}

/** Thrown where more is read than the part has. Never leaves `readPickle`. */
export class EndOfPart extends Error {
  override readonly name = 'EndOfPart';
}

/** Longer whole numbers than PyTorch's magic number (10 bytes) are not needed: a UUID, the state of a generator. */
const maxLongBytes = 16;
const maxLongDigits = 40;
/** No name is as long as this, but NumPy's arrays are texts in the protocol that torch.save uses. */
const maxTextBytes = 64 * 1024;
/** Of a number, or of a name in NumPy's four bytes a letter. */
const maxSmallBytes = 1024;
const firstWindowBytes = 256 * 1024;
/** Only a line of the text protocol may need a larger window. No useful line is longer than this. */
const maxWindowBytes = 64 * 1024 * 1024;
const newline = 10;

const invalid = (problem: string): FailureError =>
  new FailureError({ code: 'checkpoint-invalid', problem: `its pickle is damaged: ${problem}` });

const plain = (value: bigint): number | bigint =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value;

const unneeded: PickleBytes = { kind: 'bytes' };

/** @returns a letter a byte */
const latin1Of = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

export class ByteCursor {
  /** In the file. */
  offset: number;
  private readonly file: Blob;
  private readonly end: number;
  private windowBegin: number;
  private windowBytes = firstWindowBytes;
  private bytes = new Uint8Array();
  private view = new DataView(this.bytes.buffer);
  private readonly decoder = new TextDecoder();

  /** The first window is empty. */
  constructor(file: Blob, begin: number, end: number) {
    this.file = file;
    this.offset = begin;
    this.windowBegin = begin;
    this.end = end;
  }

  /**
   * Moves the window to `begin`; if it is there already, makes it larger.
   * @throws FailureError 'checkpoint-invalid' where the file cannot be read
   */
  async moveWindow(begin: number): Promise<void> {
    const isStuck = begin === this.windowBegin && this.bytes.length > 0;
    this.windowBytes = isStuck ? this.windowBytes * 4 : firstWindowBytes;
    if (this.windowBytes > maxWindowBytes) throw invalid('a line of it is too long');
    const bytes = await readBytes(this.file, begin, Math.min(this.end, begin + this.windowBytes));
    if (bytes === null)
      throw new FailureError({ code: 'checkpoint-invalid', problem: 'the file cannot be read' });
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    this.windowBegin = begin;
    this.offset = begin;
  }

  /** Skips bytes that need not be in the window. */
  private pass(byteLength: number): void {
    if (byteLength > this.end - this.offset) throw new EndOfPart();
    this.offset += byteLength;
  }

  /** Skips bytes that are in the window. @returns their offset in the window */
  private take(byteLength: number): number {
    const begin = this.offset - this.windowBegin;
    if (byteLength > this.end - this.offset) throw new EndOfPart();
    if (byteLength > this.bytes.length - begin) throw new EndOfWindow();
    this.offset += byteLength;
    return begin;
  }

  uint8(): number {
    return this.view.getUint8(this.take(1));
  }

  uint16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  uint32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  uint64(): number {
    return Number(this.view.getBigUint64(this.take(8), true));
  }

  float64BigEndian(): number {
    return this.view.getFloat64(this.take(8), false);
  }

  /** Few of them may be a number of NumPy's or a text. Others are skipped: they may be an array, which is read when it is asked for. */
  skipBytes(byteLength: number, form: 'bytes' | 'text' = 'bytes'): PickleBytes {
    if (form === 'bytes' && byteLength <= maxSmallBytes) {
      const at = this.take(byteLength);
      return { kind: 'bytes', content: latin1Of(this.bytes.subarray(at, at + byteLength)) };
    }
    const begin = this.offset;
    this.pass(byteLength);
    return { kind: 'bytes', content: { file: this.file, begin, byteLength, form } };
  }

  private decode(byteLength: number): string {
    const begin = this.take(byteLength);
    return this.decoder.decode(this.bytes.subarray(begin, begin + byteLength));
  }

  /** @returns the text; where it is too long to be a name, it is skipped */
  text(byteLength: number): string | PickleBytes {
    return byteLength > maxTextBytes ? this.skipBytes(byteLength, 'text') : this.decode(byteLength);
  }

  /** @returns the text up to the next newline, which is skipped */
  line(): string {
    const begin = this.offset - this.windowBegin;
    const end = this.bytes.indexOf(newline, begin);
    if (end < 0) {
      if (this.windowBegin + this.bytes.length >= this.end) throw new EndOfPart();
      throw new EndOfWindow();
    }
    const text = this.decode(end - begin);
    this.take(1);
    return text;
  }

  numberLine(): number {
    const text = this.line();
    const value = Number(text);
    if (Number.isNaN(value) && text !== 'nan') throw invalid('a number is none');
    return value;
  }

  longLine(): number | bigint | PickleBytes {
    const digits = this.line().replace(/L$/, '');
    if (!/^-?\d+$/.test(digits)) throw invalid('a whole number is none');
    return digits.length > maxLongDigits ? unneeded : plain(BigInt(digits));
  }

  /** Two's complement, the lowest byte first. */
  long(byteLength: number): number | bigint | PickleBytes {
    if (byteLength > maxLongBytes) {
      this.pass(byteLength);
      return unneeded;
    }
    const begin = this.take(byteLength);
    let value = 0n;
    for (let i = byteLength - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.view.getUint8(begin + i));
    return plain(BigInt.asIntN(byteLength * 8, value));
  }
}
