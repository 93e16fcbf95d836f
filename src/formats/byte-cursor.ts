/** Walks through bytes from the front, as a pickle is read. */
import { FailureError } from '../core/failure.ts';

/** Thrown where the bytes end: more may be had. Never leaves `readPickle`. */
export class EndOfBytes extends Error {
  override readonly name = 'EndOfBytes';
}

/** Longer whole numbers than the magic number of PyTorch's own (10 bytes) do not come up. */
const maxLongBytes = 16;
const maxLongDigits = 40;
const newline = 10;

const invalid = (problem: string): FailureError =>
  new FailureError({ code: 'checkpoint-invalid', problem: `its pickle is damaged: ${problem}` });

const plain = (value: bigint): number | bigint =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value;

export class ByteCursor {
  offset: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly decoder = new TextDecoder();

  constructor(bytes: Uint8Array, offset: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
  }

  /** Moves on. @returns where it was */
  skip(byteLength: number): number {
    const begin = this.offset;
    if (byteLength > this.bytes.byteLength - begin) throw new EndOfBytes();
    this.offset += byteLength;
    return begin;
  }

  uint8(): number {
    return this.view.getUint8(this.skip(1));
  }

  uint16(): number {
    return this.view.getUint16(this.skip(2), true);
  }

  uint32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  uint64(): number {
    return Number(this.view.getBigUint64(this.skip(8), true));
  }

  float64BigEndian(): number {
    return this.view.getFloat64(this.skip(8), false);
  }

  text(byteLength: number): string {
    const begin = this.skip(byteLength);
    return this.decoder.decode(this.bytes.subarray(begin, this.offset));
  }

  /** @returns the text up to the next newline, which is passed over */
  line(): string {
    const end = this.bytes.indexOf(newline, this.offset);
    if (end < 0) throw new EndOfBytes();
    const text = this.text(end - this.offset);
    this.skip(1);
    return text;
  }

  numberLine(): number {
    const text = this.line();
    const value = Number(text);
    if (Number.isNaN(value) && text !== 'nan') throw invalid('a number is none');
    return value;
  }

  longLine(): number | bigint {
    const digits = this.line().replace(/L$/, '');
    if (!/^-?\d+$/.test(digits) || digits.length > maxLongDigits) throw invalid('a whole number is none');
    return plain(BigInt(digits));
  }

  /** Two's complement, the lowest byte first. */
  long(byteLength: number): number | bigint {
    if (byteLength > maxLongBytes) throw invalid(`a whole number has ${byteLength} bytes`);
    const begin = this.skip(byteLength);
    let value = 0n;
    for (let i = byteLength - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.view.getUint8(begin + i));
    return plain(BigInt.asIntN(byteLength * 8, value));
  }
}
