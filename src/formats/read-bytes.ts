/** @returns the bytes, or null where the file was shortened, changed or deleted after it was chosen */
export async function readBytes(
  file: Blob,
  begin: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const bytes = new Uint8Array(await file.slice(begin, end).arrayBuffer());
    return bytes.byteLength === end - begin ? bytes : null;
  } catch {
    return null;
  }
}
