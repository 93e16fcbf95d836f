import { joinBytes } from './bytes.ts';

/**
 * @param format deflate's data in zlib's frame, or by themselves
 * @param most bytes: a small file may unpack to any number of them
 * @returns what is unpacked; null where the data are damaged, or unpack to more
 */
export async function inflate(
  packed: Blob,
  format: 'deflate' | 'deflate-raw',
  most: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const pieces: Uint8Array[] = [];
  let byteLength = 0;
  try {
    const reader = packed.stream().pipeThrough(new DecompressionStream(format)).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return joinBytes(pieces);
      byteLength += value.byteLength;
      if (byteLength > most) {
        await reader.cancel();
        return null;
      }
      pieces.push(value);
    }
  } catch {
    return null;
  }
}
