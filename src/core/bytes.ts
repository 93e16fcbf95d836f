import { withUnit } from './with-unit.ts';

/** Decimal, as disks and download pages count: 86.7 MB, 343 MB, 1.2 GB. */
export function formatBytes(bytes: number): string {
  if (bytes >= 999.5e6) return withUnit((bytes / 1e9).toFixed(1), 'GB');
  if (bytes >= 99.95e6) return withUnit(Math.round(bytes / 1e6), 'MB');
  if (bytes >= 99_950) return withUnit((bytes / 1e6).toFixed(1), 'MB');
  return bytes >= 1000 ? withUnit(Math.round(bytes / 1000), 'kB') : `${bytes} bytes`;
}

/** @returns a copy of the pieces, one after the other */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.byteLength;
  }
  return whole;
}
