/** CRC-32 as in zip archives and PNG, some bytes at a time. */

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** @param crc of the bytes before these, 0 at first */
export function addToCrc32(crc: number, bytes: Uint8Array): number {
  let state = ~crc;
  for (const byte of bytes) state = (table[(state ^ byte) & 0xff] as number) ^ (state >>> 8);
  return ~state >>> 0;
}
