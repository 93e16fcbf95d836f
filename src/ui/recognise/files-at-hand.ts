import type { CollectionItem } from '../../rpc/recognise-contract.ts';
import { KeptAddresses } from './kept-addresses.ts';

const keptAddresses = 20;

/** The photographs themselves, by path, as far as the person gave them in this visit. The page keeps none of them. */
export class FilesAtHand {
  private readonly files: ReadonlyMap<string, Blob>;
  private readonly addresses = new KeptAddresses<string>(keptAddresses);

  constructor(files: ReadonlyMap<string, Blob> = new Map()) {
    this.files = files;
  }

  of(path: string): Blob | null {
    return this.files.get(path) ?? null;
  }

  /** @returns an address for an image; null where the file is not at hand */
  addressOf(path: string): string | null {
    return this.addresses.of(path, () => this.of(path));
  }

  /** How many of these are at hand. */
  count(items: readonly Pick<CollectionItem, 'path'>[]): number {
    return items.filter(({ path }) => this.files.has(path)).length;
  }

  /** Those that come later take the place of others of the same path. */
  with(added: readonly { readonly path: string; readonly blob: Blob }[]): FilesAtHand {
    this.addresses.clear();
    return new FilesAtHand(new Map([...this.files, ...added.map(({ path, blob }) => [path, blob] as const)]));
  }
}
