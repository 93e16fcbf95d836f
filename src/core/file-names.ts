/** What a file's name says, for the page and the command line alike. */

/**
 * macOS writes `._name` beside every file that it copies to a stick: what it notes of that file, under the same ending. It is never the
 * photograph or the network that it stands beside.
 */
export const isMacNote = (path: string): boolean => /(^|[/\\])\._[^/\\]*$/.test(path);

/** Endings that photographs have: where a folder or a pattern is named, the others are left alone. TIFF only without a browser. */
const photographEnding = /\.(jpe?g|jfif|pjpe?g|pjp|png|apng|webp|avif|gif|bmp|dib|tiff?)$/i;

export const hasPhotographEnding = (path: string): boolean => photographEnding.test(path);
