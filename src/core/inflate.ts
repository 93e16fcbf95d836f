import { joinBytes } from './bytes.ts';

type Format = 'deflate' | 'deflate-raw';

/**
 * @param isEnough told how many bytes there are; true ends it
 * @returns what was unpacked, and whether it is all; null where the data are damaged
 */
async function unpack(
  packed: Blob,
  format: Format,
  isEnough: (byteLength: number) => boolean,
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly isWhole: boolean } | null> {
  const pieces: Uint8Array[] = [];
  let byteLength = 0;
  try {
    const reader = packed.stream().pipeThrough(new DecompressionStream(format)).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { bytes: joinBytes(pieces), isWhole: true };
      pieces.push(value);
      byteLength += value.byteLength;
      if (!isEnough(byteLength)) continue;
      await reader.cancel();
      return { bytes: joinBytes(pieces), isWhole: false };
    }
  } catch {
    return null;
  }
}

/**
 * @param format deflate's data in zlib's frame, or by themselves
 * @param most bytes: a small file may unpack to any number of them
 * @returns what is unpacked; null where the data are damaged, or unpack to more
 */
export async function inflate(
  packed: Blob,
  format: Format,
  most: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const unpacked = await unpack(packed, format, (byteLength) => byteLength > most);
  return unpacked?.isWhole === true ? unpacked.bytes : null;
}

/** @returns the first bytes of what is unpacked, `most` or fewer; null where the data before them are damaged */
export async function inflateBeginning(
  packed: Blob,
  format: Format,
  most: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const unpacked = await unpack(packed, format, (byteLength) => byteLength >= most);
  return unpacked?.bytes.slice(0, most) ?? null;
}
