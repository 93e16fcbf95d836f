/** Recognises files that are not checkpoints, by their first bytes. */
import { firstLine, isPacked, recogniseFile } from '../core/recognise-file.ts';

const tarBlock = 512;

/** @param text a tar's beginning @returns its first file's name; notes on files, as of long names or of times, stand before them; empty where it is further on */
function firstOfTar(text: string): string {
  let at = 0;
  while (/^[xgLK]$/.test(text.charAt(at + 156))) {
    const noteBytes = Math.max(0, parseInt(text.slice(at + 124, at + 136), 8) || 0);
    at += tarBlock * (1 + Math.ceil(noteBytes / tarBlock));
  }
  return text.slice(at, at + 100).split('\0', 1)[0] ?? '';
}

/**
 * @param head the first 2048 bytes, or all where there are fewer
 * @returns a phrase that says what the file is instead, or null
 */
export function describeUnknownFile(head: Uint8Array): string | null {
  if (head.byteLength === 0) return 'it is empty';
  const text = new TextDecoder('latin1').decode(head);
  const isTar = text.slice(257, 262) === 'ustar' || text.startsWith('././@LongLink');
  const name = isTar ? firstOfTar(text) : '';
  // PyTorch's own first entries.
  if (isTar && !/^(\.\/?|storages|tensors|sys_info|pickle)$/.test(name))
    return `it is a tar archive${name === '' ? '' : ` that holds ${name}`}; unpack it first`;
  if (isTar) return 'it is in the tar layout that PyTorch wrote before 2017; load it there and save it again';
  if (text.startsWith('version https://git-lfs'))
    return 'it is a Git LFS pointer: the file itself was not downloaded (git lfs pull)';
  if (/^\s*[[{]\s*["{]/.test(text)) return 'it is JSON, perhaps an error message or a configuration';
  // PyTorch's own files are zip archives, too: what is in them decides.
  const what = text.startsWith('PK') ? undefined : recogniseFile(head)?.what;
  // Hosts of files answer with XML, and with parts of pages.
  if (/^\s*<(error|head|body|title|script)\b/i.test(text))
    return 'it is a web page: the download brought an error or a login page instead of the file';
  if (what === 'a web page' || what === 'an XML document')
    return 'it is a web page: the download brought an error or a login page instead of the file';
  if (what !== undefined)
    return isPacked(what) ? `it is ${what}; unpack it first` : `it is ${what}, and no checkpoint`;
  if (head.every((byte) => byte === 0)) return 'it begins with zeros: the download did not finish';
  return null;
}

/** @param head of a file that is no checkpoint */
export function describeOther(head: Uint8Array): string {
  const line = firstLine(head);
  return line === null
    ? 'it is neither a safetensors nor a PyTorch file'
    : `it is text, and neither a safetensors nor a PyTorch file; it begins with "${line}"`;
}
