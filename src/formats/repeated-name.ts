/** Finds repeated names, since `JSON.parse` takes the last of several values without an error. */

/** @returns the index of the quote that ends the text that begins at `begin` */
function endOfText(json: string, begin: number): number {
  for (let at = json.indexOf('"', begin + 1); ; at = json.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (json[at - 1 - backslashes] === '\\') backslashes++;
    // Valid JSON always has an end; without one the search must not start again.
    if (at < 0 || backslashes % 2 === 0) return at < 0 ? json.length : at;
  }
}

/** @param json valid JSON @returns the first name that an object has twice, or null */
export function findRepeatedName(json: string): string | null {
  /** For each open object the names so far; for each open list null. */
  const open: (Set<string> | null)[] = [];
  let isName = false;
  for (let at = 0; at < json.length; at++) {
    switch (json.charAt(at)) {
      case '{':
        open.push(new Set());
        isName = true;
        break;
      case '[':
        open.push(null);
        isName = false;
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case ',':
        isName = open.at(-1) !== null;
        break;
      case ':':
        isName = false;
        break;
      case '"': {
        const end = endOfText(json, at);
        const names = open.at(-1);
        if (isName && names) {
          const name = JSON.parse(json.slice(at, end + 1)) as string;
          if (names.has(name)) return name;
          names.add(name);
        }
        at = end;
        break;
      }
      default:
    }
  }
  return null;
}
