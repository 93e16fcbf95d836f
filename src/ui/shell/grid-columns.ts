import type { Size } from '../../core/geometry.ts';
import { usualAspect } from '../../render/paint-grid.ts';

/** @returns in how many columns `count` pictures of this shape are largest in the area */
export function columnsFor(count: number, { width, height }: Size, aspect = usualAspect): number {
  const widthOf = (columns: number): number =>
    Math.min(width / columns, (height / Math.ceil(count / columns)) * aspect);
  let best = 1;
  for (let columns = 2; columns <= count; columns++) if (widthOf(columns) > widthOf(best)) best = columns;
  return best;
}
