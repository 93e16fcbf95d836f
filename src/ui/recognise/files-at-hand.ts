import type { CollectionItem } from '../../rpc/recognise-contract.ts';

/** The photographs themselves, by path, as far as the person gave them in this visit. The page keeps none of them. */
export class FilesAtHand {
  private readonly files: ReadonlyMap<string, Blob>;

  constructor(files: ReadonlyMap<string, Blob> = new Map()) {
    this.files = files;
  }

  of(path: string): Blob | null {
    return this.files.get(path) ?? null;
  }

  /** How many of these are at hand. */
  count(items: readonly Pick<CollectionItem, 'path'>[]): number {
    return items.filter(({ path }) => this.files.has(path)).length;
  }

  /** Those that come later take the place of others of the same path. */
  with(added: readonly { readonly path: string; readonly blob: Blob }[]): FilesAtHand {
    return new FilesAtHand(new Map([...this.files, ...added.map(({ path, blob }) => [path, blob] as const)]));
  }
}
