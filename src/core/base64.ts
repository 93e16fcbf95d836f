/** Numbers that are kept as text in fixtures. */

export const bytesOfBase64 = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/** @param base64 little-endian float32 */
export const floatsOfBase64 = (base64: string): Float32Array<ArrayBuffer> =>
  new Float32Array(bytesOfBase64(base64).buffer);
