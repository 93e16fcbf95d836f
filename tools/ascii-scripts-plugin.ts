/**
 * Writes scripts in ASCII, all else as `\u….`. V8 keeps a script with one character beyond Latin-1 in two bytes a character, and must
 * decode one with any that is not ASCII. What a browser parses before the first photograph is a megabyte.
 */
import type { Plugin } from 'vite';

/** Each UTF-16 unit that is not ASCII, and the backslashes before it. */
const beyondAscii = /(\\*)([^\0-\x7f])/g;

/**
 * @param code JavaScript, in which such characters stand in strings, templates, patterns or names
 * @returns the same program
 * @throws Error where one stands behind a backslash of its own, whose meaning depends on the place
 */
export function toAscii(code: string): string {
  return code.replaceAll(beyondAscii, (_, slashes: string, unit: string) => {
    if (slashes.length % 2 === 1) throw new Error(`\\${unit} in a script: leave out the backslash`);
    return `${slashes}\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

export function asciiScripts(): Plugin {
  return {
    name: 'dinoscope-ascii-scripts',
    apply: 'build',
    generateBundle(_, bundle) {
      for (const output of Object.values(bundle))
        if (output.type === 'chunk') output.code = toAscii(output.code);
    },
  };
}
