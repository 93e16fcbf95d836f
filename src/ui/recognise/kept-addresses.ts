/** A browser may still be reading a picture that has just left the page, and would call it an error. */
const revokeAfterMs = 10_000;

/** Addresses of blobs for images. The same picture has the same address; the least recently used ones are taken back. */
export class KeptAddresses<Key> {
  private readonly limit: number;
  private readonly addresses = new Map<Key, string>();

  /** @param limit more than can be in sight */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** @param find the blob, where it has no address yet. @returns null where there is none */
  of(key: Key, find: () => Blob | null): string | null {
    const known = this.addresses.get(key);
    const blob = known === undefined ? find() : null;
    const address = known ?? (blob === null ? null : URL.createObjectURL(blob));
    if (address === null) return null;
    // The last in the map is the one that was used last.
    this.addresses.delete(key);
    this.addresses.set(key, address);
    for (const [first] of this.addresses) {
      if (this.addresses.size <= this.limit) break;
      this.forget(first);
    }
    return address;
  }

  forget(key: Key): void {
    const address = this.addresses.get(key);
    if (address === undefined) return;
    this.addresses.delete(key);
    setTimeout(() => URL.revokeObjectURL(address), revokeAfterMs);
  }

  clear(): void {
    for (const key of this.addresses.keys()) this.forget(key);
  }
}
