/**
 * What a zip archive holds, by its first file's name. PyTorch's and NumPy's weights and this page's runs are archives too, and may have
 * lost their own endings: some systems end every archive's name in `.zip`, and caches of downloads name files by their hash.
 */
import { runPhotographsFile, runSlotFiles } from './run-files.ts';

/** Bytes at a file's beginning that are enough: folders may come before the first file. */
export const archiveHeadBytes = 1024;

const headerBytes = 30;

/** @param head the first bytes of a file @returns null where it does not begin as an archive, or no file's name is in these bytes */
function firstFileName(head: Uint8Array): string | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  for (let at = 0; at + headerBytes <= head.byteLength;) {
    if (view.getUint32(at, true) !== 0x04034b50) return null;
    const nameEnd = at + headerBytes + view.getUint16(at + 26, true);
    const name = new TextDecoder().decode(head.subarray(at + headerBytes, nameEnd));
    if (!name.endsWith('/')) return nameEnd <= head.byteLength ? name : null;
    at = nameEnd + view.getUint16(at + 28, true); // A folder has no content.
  }
  return null;
}

/** PyTorch writes its pickle first; where an archive was packed anew another of its records may be the first. */
const ofCheckpoint =
  /(^|\/)(data\.pkl|constants\.pkl|version|byteorder|\.format_version|\.data\/serialization_id|data\/\d+)$|\.npy$/;
const ofRun: ReadonlySet<string> = new Set([...runSlotFiles, runPhotographsFile]);

/** @param head the first `archiveHeadBytes` of a file, or all where there are fewer @returns null for any other file */
export function kindOfArchive(head: Uint8Array): 'checkpoint' | 'run' | null {
  const name = firstFileName(head);
  if (name === null) return null;
  if (ofRun.has(name)) return 'run';
  return ofCheckpoint.test(name) ? 'checkpoint' : null;
}
