/** Classes from a list that a person has pasted: a file's name and its class on each line, or only classes, for the selected photographs in turn. */
import { fromCsv } from '../../core/csv.ts';
import { stemOf } from '../../core/file-names.ts';
import type { CollectionItem } from '../../rpc/recognise-contract.ts';
import { countOf } from '../../core/count-of.ts';

export interface PastedClasses {
  readonly classes: readonly { readonly index: number; readonly className: string | null }[];
  /** A sentence for each line that gives no class; the others give theirs. */
  readonly problems: readonly string[];
}

type Item = Pick<CollectionItem, 'index' | 'path' | 'name' | 'failure'>;

/** What spreadsheets call the column of names, where no photograph is called so. */
const heading = /^(path|file|file ?name|name|image|photo|photograph)$/i;

/** Photographs by their path, their name, and their name without its ending, each in lower case. */
function namesOf(items: readonly Item[]): ReadonlyMap<string, ReadonlySet<number>> {
  const names = new Map<string, Set<number>>();
  for (const { index, path, name, failure } of items) {
    if (failure !== null) continue;
    for (const key of [path, name, stemOf(name)]) {
      const known = names.get(key.toLowerCase());
      if (known === undefined) names.set(key.toLowerCase(), new Set([index]));
      else known.add(index);
    }
  }
  return names;
}

function byNames(rows: ReturnType<typeof fromCsv>, items: readonly Item[]): PastedClasses {
  const names = namesOf(items);
  const classes = new Map<number, string | null>();
  const problems: string[] = [];
  for (const [at, { line, cells }] of rows.entries()) {
    const [name = '', className] = cells;
    const found = names.get(name.replace(/^(\.?\/)+/, '').toLowerCase());
    if (found === undefined && at === 0 && heading.test(name)) continue;
    const [index] = found ?? [];
    if (index === undefined) problems.push(`Line ${line}: no photograph here is called “${name}”.`);
    else if (found !== undefined && found.size > 1)
      problems.push(`Line ${line}: ${found.size} photographs are called “${name}”. Give the path.`);
    else if (className === undefined) problems.push(`Line ${line}: “${name}” has no class beside it.`);
    else classes.set(index, className === '' ? null : className);
  }
  return { classes: [...classes].map(([index, className]) => ({ index, className })), problems };
}

function inTurn(rows: ReturnType<typeof fromCsv>, selected: readonly number[]): PastedClasses {
  const names = rows.map(({ cells }) => cells[0] ?? '');
  const [only] = names;
  if (selected.length === 0)
    return {
      classes: [],
      problems: [
        'A list of classes alone is for the selected photographs, and none is selected. Or put a file’s name before each class.',
      ],
    };
  const given = names.length === 1 && only !== undefined ? selected.map(() => only) : names;
  const classes = selected.flatMap((index, at) => {
    const className = given[at];
    return className === undefined ? [] : [{ index, className }];
  });
  const counts = `${countOf(given.length, 'class', 'classes')} for ${countOf(selected.length, 'selected photograph')}`;
  const problems =
    given.length > selected.length
      ? [`${counts}: the last ${given.length - selected.length} of the list are left over.`]
      : given.length < selected.length
        ? [`${counts}: the last ${selected.length - given.length} of them keep theirs.`]
        : [];
  return { classes, problems };
}

/** @param selected in the order in which they are shown */
export function readPastedClasses(
  text: string,
  items: readonly Item[],
  selected: readonly number[],
): PastedClasses {
  const rows = fromCsv(text);
  return rows.some(({ cells }) => cells.length > 1) ? byNames(rows, items) : inTurn(rows, selected);
}

const problemsTold = 3;

/** @returns one message; null where there is nothing to tell */
export function describeProblems({ problems }: PastedClasses): string | null {
  const more = problems.length - problemsTold;
  return problems.length === 0
    ? null
    : [...problems.slice(0, problemsTold), ...(more > 0 ? [`And ${countOf(more, 'line')} more.`] : [])].join(
        ' ',
      );
}
