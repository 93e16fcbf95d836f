/** Which photographs a drop or a choice of files holds, and of which class each is by its folder. */
import { isMacNote } from '../../core/file-names.ts';
import type { GatheredPhotograph } from '../../rpc/recognise-contract.ts';

/** What systems leave in folders. Nobody has put it there as a photograph. */
const systemFile = /^(\.|thumbs\.db$|desktop\.ini$)/i;

/** The path below what was dropped or chosen, without a leading slash; only the name where the file came by itself. */
function pathOf(file: File): string {
  const { path } = file as { path?: string };
  const given = file.webkitRelativePath || path || file.name;
  return given.replace(/^(\.?\/)+/, '');
}

/** @returns the folder right above the file; null where it came without one */
function folderAbove(path: string): string | null {
  const parts = path.split('/').filter((part) => part !== '');
  return parts.at(-2) ?? null;
}

/**
 * @param className for all of them, or 'folders': each has the name of the folder right above it; null: none has a class
 * @returns the photographs in the order of their paths
 */
export function photographsOf(
  files: readonly File[],
  className: { readonly by: 'folders' } | { readonly by: 'name'; readonly name: string | null },
): readonly GatheredPhotograph[] {
  return files
    .filter(({ name }) => !isMacNote(name) && !systemFile.test(name))
    .map((file): GatheredPhotograph => {
      const path = pathOf(file);
      return { path, className: className.by === 'folders' ? folderAbove(path) : className.name, blob: file };
    })
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

const titledClasses = 3;

/** @returns a title for a collection of these: its classes, or how many photographs there are */
export function titleOf(photographs: readonly GatheredPhotograph[]): string {
  const names = [...new Set(photographs.flatMap(({ className }) => className ?? []))];
  if (names.length === 0)
    return photographs.length === 1 ? '1 photograph' : `${photographs.length} photographs`;
  const more = names.length - titledClasses;
  return `${names.slice(0, titledClasses).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
