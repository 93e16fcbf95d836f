/** What a file's name says, for the page and the command line alike. */

/**
 * macOS writes `._name` beside every file that it copies to a USB stick: its own notes, with the same ending. It is
 * never a photograph or a network.
 */
export const isMacNote = (path: string): boolean => /(^|[/\\])\._[^/\\]*$/.test(path);

/**
 * Endings of photographs. In a folder or a pattern, other files are left out. TIFF is read on the command line only.
 */
const photographEnding = /\.(jpe?g|jfif|pjpe?g|pjp|png|apng|webp|avif|gif|bmp|dib|tiff?)$/i;

export const hasPhotographEnding = (path: string): boolean => photographEnding.test(path);
