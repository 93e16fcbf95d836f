import { type RefObject, useEffect, useState } from 'react';

interface Rows {
  /** px */
  readonly rowPx: number;
  readonly columns: number;
  readonly first: number;
  /** Not among them. */
  readonly end: number;
}

/** Rows beyond the edge that are in the page already when they scroll into sight. */
const spareRows = 3;

const isSame = (a: Rows | null, b: Rows): boolean =>
  a !== null && a.rowPx === b.rowPx && a.columns === b.columns && a.first === b.first && a.end === b.end;

/**
 * The rows of a grid of equal cells that are in sight. A library was tried first (@tanstack/react-virtual): it measures rows of any
 * height, and React's compiler leaves out every component that calls it.
 * @param scroller the element that scrolls
 * @param cell the smallest width of a cell, and its height beyond its width, in rem
 * @returns null before the scroller is laid out
 */
export function useVisibleRows(
  scroller: RefObject<HTMLElement | null>,
  { cellRem, wordsRem }: { readonly cellRem: number; readonly wordsRem: number },
): Rows | null {
  const [rows, setRows] = useState<Rows | null>(null);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const look = (): void => {
      const remPx = parseFloat(getComputedStyle(document.documentElement).fontSize);
      const columns = Math.max(2, Math.floor(element.clientWidth / (cellRem * remPx)));
      const rowPx = Math.round(element.clientWidth / columns + wordsRem * remPx);
      const first = Math.max(0, Math.floor(element.scrollTop / rowPx) - spareRows);
      const end = Math.ceil((element.scrollTop + element.clientHeight) / rowPx) + spareRows;
      const next = { rowPx, columns, first, end };
      setRows((known) => (isSame(known, next) ? known : next));
    };
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [scroller, cellRem, wordsRem]);
  return rows;
}
