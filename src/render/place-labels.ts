/** Places words beside vertical lines in a plot, so that none lies over another one. */

export interface WantedLabel {
  /** Of its line. */
  readonly x: number;
  readonly width: number;
}

export interface PlotBox {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface PlacedLabel {
  /** Whether it is on the right of its line, or on the left. */
  readonly isRight: boolean;
  /** Top of the row. */
  readonly top: number;
}

const touches = (a: PlotBox, b: PlotBox): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/**
 * Each label takes the highest free row on the right of its line, then on the left.
 * @param taken boxes of other words @param gap between a line and its label
 * @returns null for a label that has no room: its line has to do without
 */
export function placeLabels(
  labels: readonly WantedLabel[],
  box: PlotBox,
  rowHeight: number,
  gap: number,
  taken: readonly PlotBox[],
): (PlacedLabel | null)[] {
  const occupied = [...taken];
  const rows = Math.max(0, Math.floor((box.bottom - box.top) / rowHeight));
  return labels.map(({ x, width }) => {
    for (let row = 0; row < rows; row++)
      for (const isRight of [true, false]) {
        const left = isRight ? x + gap : x - gap - width;
        const top = box.top + row * rowHeight;
        const own = { left, top, right: left + width, bottom: top + rowHeight };
        if (own.left < box.left || own.right > box.right || occupied.some((other) => touches(own, other)))
          continue;
        occupied.push(own);
        return { isRight, top };
      }
    return null;
  });
}
