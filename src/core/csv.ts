/** As RFC 4180 has it: quotes around a text that holds a comma, a quote or a line's end. */
const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** @returns the quoted cell that begins here, and where it ends; null where none does, or nobody closes it */
function quotedCell(text: string, at: number): { readonly cell: string; readonly end: number } | null {
  const quotedHere = /[ ]*"((?:[^"]|"")*)"[ ]*(?=[,\t\r\n]|$)/y;
  quotedHere.lastIndex = at;
  const cell = quotedHere.exec(text)?.[1];
  return cell === undefined ? null : { cell: cell.replaceAll('""', '"'), end: quotedHere.lastIndex };
}

/**
 * Reads what `toCsv` or a spreadsheet writes (RFC 4180): cells by tabs where there are any, else by commas. Spaces around a cell are no part of it.
 * @returns a row for each line that is not empty, with its number from 1
 */
export function fromCsv(text: string): { readonly line: number; readonly cells: readonly string[] }[] {
  const plainCell = text.includes('\t') ? /[^\t\r\n]*/y : /[^,\r\n]*/y;
  const rows: { line: number; cells: string[] }[] = [];
  let row: (typeof rows)[number] = { line: 1, cells: [] };
  let line = 1;
  const endRow = (): void => {
    if (row.cells.some((cell) => cell !== '')) rows.push(row);
    line += 1;
    row = { line, cells: [] };
  };
  for (let at = text.startsWith('\uFEFF') ? 1 : 0; at < text.length;) {
    plainCell.lastIndex = at;
    const { cell, end } = quotedCell(text, at) ?? {
      cell: plainCell.exec(text)?.[0].trim() ?? '',
      end: plainCell.lastIndex,
    };
    row.cells.push(cell);
    line += cell.split('\n').length - 1;
    at = end;
    if (text[at] !== '\r' && text[at] !== '\n') at += 1;
    else {
      at += text.startsWith('\r\n', at) ? 2 : 1;
      endRow();
    }
  }
  endRow();
  return rows;
}

/** @returns comma-separated values, a line for each row */
export const toCsv = (rows: readonly (readonly string[])[]): string =>
  rows.map((cells) => `${cells.map(quoted).join(',')}\r\n`).join('');
