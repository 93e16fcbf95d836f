/** Values along one side of a square that is transposed at once: both its lines and its columns stay in the processor's cache. */
const square = 32;

/** @param values shape [rows, columns] @returns shape [columns, rows] */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let top = 0; top < rows; top += square)
    for (let left = 0; left < columns; left += square) {
      const bottom = Math.min(rows, top + square);
      const right = Math.min(columns, left + square);
      for (let column = left; column < right; column++)
        for (let row = top; row < bottom; row++)
          result[column * rows + row] = values[row * columns + column] as number;
    }
  return result;
}
