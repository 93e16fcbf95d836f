/** Maps of one photograph, whatever made them: shape [numHeads, rows, columns], row-major, height before width. */
export interface HeadMaps {
  readonly numHeads: number;
  readonly rows: number;
  readonly columns: number;
  readonly maps: Float32Array;
}

/** One value a patch: shape [rows, columns]. */
export interface PatchMap {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** A result with maps for every token that was asked what it looks at: CLS, and R registers. */
export interface QueriedMaps extends HeadMaps {
  readonly numRegisters: number;
  /** shape [R, numHeads, rows, columns] */
  readonly registerMaps: Float32Array;
}

/**
 * @param query 0 for CLS, else a register from 1; where there is no such register, CLS's are taken
 * @returns the maps of that token; borrows the memory of `source`
 */
export function queryMaps(source: QueriedMaps, query: number): HeadMaps {
  if (query < 1 || query > source.numRegisters) return source;
  const { numHeads, rows, columns, registerMaps } = source;
  const size = numHeads * rows * columns;
  return { numHeads, rows, columns, maps: registerMaps.subarray((query - 1) * size, query * size) };
}

function checkShape({ numHeads, rows, columns, maps }: HeadMaps): void {
  if (maps.length !== numHeads * rows * columns) {
    throw new Error(
      `attention maps: expected [${numHeads}, ${rows}, ${columns}] = ${numHeads * rows * columns} values, got ${maps.length}`,
    );
  }
}

/** @returns the map of `head` (0-based), shape [rows, columns]; borrows the memory of `source` */
export function headMap(source: HeadMaps, head: number): PatchMap {
  checkShape(source);
  const { numHeads, rows, columns, maps } = source;
  if (!Number.isInteger(head) || head < 0 || head >= numHeads) {
    throw new Error(`attention maps: head ${head} of ${numHeads}`);
  }
  const patches = rows * columns;
  return { rows, columns, values: maps.subarray(head * patches, (head + 1) * patches) };
}

/** @returns the mean over the heads, as video_generation.py shows it, shape [rows, columns]; owns its memory */
export function meanMap(source: HeadMaps): PatchMap {
  checkShape(source);
  const { numHeads, rows, columns, maps } = source;
  const patches = rows * columns;
  const values = new Float32Array(patches);
  for (let patch = 0; patch < patches; patch += 1) {
    let sum = 0;
    for (let head = 0; head < numHeads; head += 1) sum += maps[head * patches + patch] ?? 0;
    values[patch] = sum / numHeads;
  }
  return { rows, columns, values };
}
