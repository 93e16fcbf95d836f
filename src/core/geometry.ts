/** Height before width, everywhere. Units are in the names of the variables that hold these. */
export interface Size {
  readonly height: number;
  readonly width: number;
}

/** A rectangle whose edges may lie between pixels. */
export interface Box extends Size {
  readonly top: number;
  readonly left: number;
}

/** How many patches lie above each other and beside each other. */
export interface PatchGrid {
  readonly rows: number;
  readonly columns: number;
}

export const formatGrid = ({ rows, columns }: PatchGrid): string => `${rows} × ${columns}`;

export const formatSize = ({ height, width }: Size): string => `${width} × ${height}`;

/** A patch of a photograph's grid, both from 0; people count from 1. */
export interface PatchPosition {
  readonly row: number;
  readonly column: number;
}

export const isOnGrid = ({ row, column }: PatchPosition, { rows, columns }: PatchGrid): boolean =>
  row >= 0 && row < rows && column >= 0 && column < columns;
