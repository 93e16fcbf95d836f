/** Which photographs a drop or a choice of files holds, and of which class each is by its folder. */
import { classAt, classLevelOf } from '../../core/class-folders.ts';
import { comparePaths, isMacNote, isPngName, pathOfFile, stemOf } from '../../core/file-names.ts';
import type { GatheredPhotograph } from '../../rpc/recognise-contract.ts';

/** What systems leave in folders. Nobody has put it there as a photograph. */
const systemFile = /^(\.|thumbs\.db$|desktop\.ini$)/i;

/**
 * @param className for all of them, or 'folders': each has the name of its folder (`core/class-folders`); null: none has a class
 * @returns the photographs in the order of their paths
 */
export function photographsOf(
  files: readonly File[],
  className: { readonly by: 'folders' } | { readonly by: 'name'; readonly name: string | null },
): readonly GatheredPhotograph[] {
  const found = files
    .filter(({ name }) => !isMacNote(name) && !systemFile.test(name))
    .map((file) => ({ path: pathOfFile(file), blob: file }));
  const level = classLevelOf(found.map(({ path }) => path));
  return found
    .map(({ path, blob }): GatheredPhotograph => ({
      path,
      className: className.by === 'folders' ? classAt(path, level) : className.name,
      blob,
    }))
    .sort((a, b) => comparePaths(a.path, b.path));
}

/**
 * A PNG with the name of a photograph in the same folder may be its mask, as in the viewer; the worker looks at its pixels. In other
 * folders many a set of drawings has the same few names.
 * @param others photographs that the collection has already
 * @returns the photographs, of those that may be masks also of which photograph
 */
export function withMasksGuessed(
  photographs: readonly GatheredPhotograph[],
  others: readonly Pick<GatheredPhotograph, 'path' | 'blob'>[] = [],
): readonly GatheredPhotograph[] {
  const named = new Map(
    [...others, ...photographs]
      .filter(({ path }) => !isPngName(path))
      .map((each) => [stemOf(each.path), each]),
  );
  return photographs.map((each) => {
    const photograph = isPngName(each.path) ? named.get(stemOf(each.path)) : undefined;
    if (photograph === undefined) return each;
    const { path, blob } = photograph;
    return { ...each, mayBeMaskOf: { name: path.slice(path.lastIndexOf('/') + 1), blob } };
  });
}

const titledClasses = 3;

/** @returns a title for a collection of these: its classes, or how many photographs there are */
export function titleOf(photographs: readonly Pick<GatheredPhotograph, 'className'>[]): string {
  const names = [...new Set(photographs.flatMap(({ className }) => className ?? []))].sort((a, b) =>
    a.localeCompare(b),
  );
  if (names.length === 0)
    return photographs.length === 1 ? '1 photograph' : `${photographs.length} photographs`;
  const more = names.length - titledClasses;
  return `${names.slice(0, titledClasses).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
