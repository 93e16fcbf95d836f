/** Maps of one photograph, whatever made them: shape [numHeads, rows, columns], row-major, height before width. */
export interface HeadMaps {
  readonly numHeads: number;
  readonly rows: number;
  readonly columns: number;
  readonly maps: Float32Array;
}

interface Split {
  readonly heads: readonly Float32Array[];
  mean: Float32Array | null;
}

/** Drawing remembers by a map's identity: the same result must give the same arrays each time. */
const splits = new WeakMap<Float32Array, Split>();

function splitOf({ numHeads, rows, columns, maps }: HeadMaps): Split {
  const known = splits.get(maps);
  if (known !== undefined) return known;
  const patches = rows * columns;
  if (maps.length !== numHeads * patches)
    throw new Error(
      `attention maps: expected [${numHeads}, ${rows}, ${columns}] = ${numHeads * patches} values, got ${maps.length}`,
    );
  const heads = Array.from({ length: numHeads }, (_, head) =>
    maps.subarray(head * patches, (head + 1) * patches),
  );
  const split: Split = { heads, mean: null };
  splits.set(maps, split);
  return split;
}

/** @returns a map for each head, shape [rows, columns]; the same arrays each time, borrowing the memory of `source` */
export const headMapsOf = (source: HeadMaps): readonly Float32Array[] => splitOf(source).heads;

/** @returns the mean over the heads, as video_generation.py shows it, shape [rows, columns]; the same array each time */
export function meanMapOf(source: HeadMaps): Float32Array {
  const split = splitOf(source);
  if (split.mean !== null) return split.mean;
  const { heads } = split;
  const mean = new Float32Array(source.rows * source.columns);
  for (let patch = 0; patch < mean.length; patch += 1) {
    let sum = 0;
    for (const map of heads) sum += map[patch] as number;
    mean[patch] = sum / heads.length;
  }
  split.mean = mean;
  return mean;
}

/** Maps of several blocks: shape [depth, numHeads, rows, columns]. */
export interface BlockMaps extends HeadMaps {
  readonly depth: number;
}

const blocks = new WeakMap<Float32Array, readonly HeadMaps[]>();

/** @returns the maps of each block, the same each time, borrowing the memory of `source` */
export function blocksOfMaps({ depth, numHeads, rows, columns, maps }: BlockMaps): readonly HeadMaps[] {
  const known = blocks.get(maps);
  if (known !== undefined) return known;
  const size = numHeads * rows * columns;
  if (maps.length !== depth * size)
    throw new Error(
      `attention maps: expected [${depth}, ${numHeads}, ${rows}, ${columns}] = ${depth * size} values, got ${maps.length}`,
    );
  const each = Array.from({ length: depth }, (_, block) => ({
    numHeads,
    rows,
    columns,
    maps: maps.subarray(block * size, (block + 1) * size),
  }));
  blocks.set(maps, each);
  return each;
}
