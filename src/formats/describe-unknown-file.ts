/** Recognises files that are not checkpoints, by their first bytes. */

const startsWith = (head: Uint8Array, bytes: readonly number[]): boolean =>
  bytes.every((byte, i) => head[i] === byte);

/**
 * @param head the first 512 bytes, or all where there are fewer
 * @returns a phrase that says what the file is instead, or null
 */
export function describeUnknownFile(head: Uint8Array): string | null {
  if (head.byteLength === 0) return 'it is empty';
  const text = new TextDecoder('latin1').decode(head);
  if (text.slice(257, 262) === 'ustar' || text.startsWith('././@LongLink'))
    return 'it is in the tar layout that PyTorch wrote before 2017; load it there and save it again';
  if (/^\s*<(!doctype|html|\?xml)/i.test(text))
    return 'it is a web page: the download brought an error or a login page instead of the file';
  if (text.startsWith('version https://git-lfs'))
    return 'it is a Git LFS pointer: the file itself was not downloaded (git lfs pull)';
  if (/^\s*[[{]\s*["{]/.test(text)) return 'it is JSON, perhaps an error message or a configuration';
  if (startsWith(head, [0x1f, 0x8b])) return 'it is compressed with gzip; unpack it first';
  if (startsWith(head, [0x89, 0x48, 0x44, 0x46])) return 'it is an HDF5 file, as Keras writes';
  if (head.every((byte) => byte === 0)) return 'it begins with zeros: the download did not finish';
  return null;
}
