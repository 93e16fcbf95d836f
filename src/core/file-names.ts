/** What a file's name says, for the page and the command line alike. */

/**
 * macOS writes `._name` beside every file that it copies to a USB stick: its own notes, with the same ending. It is
 * never a photograph or a network.
 */
export const isMacNote = (path: string): boolean => /(^|[/\\])\._[^/\\]*$/.test(path);

/**
 * Endings of photographs. In a folder or a pattern, other files are left out. TIFF is read on the command line only.
 */
const photographEnding = /\.(jpe?g|jpe|jfif|jif|mpo|pjpe?g|pjp|png|apng|webp|avif|gif|bmp|dib|tiff?)$/i;

export const hasPhotographEnding = (path: string): boolean => photographEnding.test(path);

export const isPngName = (name: string): boolean => /\.png$/i.test(name);

/** @returns the name without its ending, in lower case: `Cat.JPG` and `cat.png` have the same one */
export const stemOf = (name: string): string => name.replace(/\.[a-z0-9]{2,5}$/i, '').toLowerCase();

/**
 * How far two paths have the same folders, from the file upwards: of `images/cow/1.jpg` and `masks/cow/1.png` one.
 * Frames of many videos have the same few names.
 */
export function sharedFolders(a: string, b: string): number {
  const foldersOf = (path: string): string[] => path.split(/[/\\]/).slice(0, -1).toReversed();
  const [mine, others] = [foldersOf(a), foldersOf(b)];
  const differs = mine.findIndex((folder, at) => folder !== others[at]);
  return differs < 0 ? mine.length : differs;
}

/** The path below what was dropped or chosen, without a leading slash; only the name where the file came by itself. */
export function pathOfFile(file: File): string {
  // `path` is what the drop zone adds.
  const { path } = file as { path?: string };
  return (file.webkitRelativePath || path || file.name).replace(/^(\.?\/)+/, '');
}

const collator = new Intl.Collator('en', { numeric: true });

/** For sorting paths as file managers do: `2.jpg` before `10.jpg`, capital and small letters together. */
export const comparePaths = (a: string, b: string): number => collator.compare(a, b);
