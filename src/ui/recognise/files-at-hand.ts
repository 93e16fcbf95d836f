import { forEachInSlices } from '../../core/in-slices.ts';
import { keyOfName, nameOfPhotograph, type PhotographName } from '../../core/photograph-name.ts';

/** The photographs themselves, as far as the person gave them in this visit. The page keeps none of them. */
export class FilesAtHand {
  private readonly files: ReadonlyMap<string, Blob>;

  constructor(files: ReadonlyMap<string, Blob> = new Map()) {
    this.files = files;
  }

  of(item: PhotographName | undefined): Blob | null {
    return item === undefined ? null : (this.files.get(keyOfName(item)) ?? null);
  }

  /** How many of these are at hand. */
  count(items: readonly PhotographName[]): number {
    return items.filter((item) => this.files.has(keyOfName(item))).length;
  }

  /** In slices: the browser asks the disk when a chosen file's size is read, 0.1 ms and more for each. */
  async with(added: readonly { readonly path: string; readonly blob: Blob }[]): Promise<FilesAtHand> {
    const files = new Map(this.files);
    await forEachInSlices(added, (each) => void files.set(keyOfName(nameOfPhotograph(each)), each.blob));
    return new FilesAtHand(files);
  }
}
