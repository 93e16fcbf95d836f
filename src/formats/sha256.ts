import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** SHA-256 of bytes that arrive piece by piece. Not `crypto.subtle`: that is missing on plain-http pages and takes no pieces. */
export function createSha256(): { update(piece: Uint8Array): void; hex(): string } {
  const hash = sha256.create();
  return {
    update: (piece) => void hash.update(piece),
    hex: () => bytesToHex(hash.digest()),
  };
}
