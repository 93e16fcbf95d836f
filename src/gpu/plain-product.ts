/**
 * The product of matrices on the plain JavaScript back end, in place of tfjs's own, which takes four times as long: three
 * quarters of a pass. A tile of 4 × 2 results stays in registers, and both factors are read in the order of the loop.
 */
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';

const tileRows = 4;
const tileColumns = 2;

/** A matrix in an array: where it begins, and how far it is from one row or column to the next. */
interface View {
  readonly values: Float32Array;
  readonly begin: number;
  readonly rows: number;
  readonly columns: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** @param into shape [inner, tileRows], of which rows beyond the matrix are 0 */
function packRows(
  { values, begin, rows, columns, rowStep, columnStep }: View,
  first: number,
  into: Float64Array,
): void {
  for (let row = 0; row < tileRows; row++) {
    const isThere = first + row < rows;
    let from = begin + (first + row) * rowStep;
    for (let to = row; to < columns * tileRows; to += tileRows, from += columnStep)
      into[to] = isThere ? (values[from] as number) : 0;
  }
}

/** @returns shape [columns / tileColumns, inner, tileColumns], of which a column beyond the matrix is 0 */
function packColumns({ values, begin, rows, columns, rowStep, columnStep }: View): Float64Array {
  const packed = new Float64Array(Math.ceil(columns / tileColumns) * rows * tileColumns);
  let to = 0;
  for (let column = 0; column < columns; column += tileColumns) {
    const hasSecond = column + 1 < columns;
    let from = begin + column * columnStep;
    for (let row = 0; row < rows; row++, to += tileColumns, from += rowStep) {
      packed[to] = values[from] as number;
      if (hasSecond) packed[to + 1] = values[from + columnStep] as number;
    }
  }
  return packed;
}

/** @param into the array of the result, which has it at `begin` in rows one after another */
function multiply(a: View, b: View, into: Float32Array, begin: number): void {
  const { rows, columns: inner } = a;
  const { columns } = b;
  const right = packColumns(b);
  const left = new Float64Array(inner * tileRows);
  for (let row = 0; row < rows; row += tileRows) {
    packRows(a, row, left);
    let r = 0;
    for (let column = 0; column < columns; column += tileColumns) {
      let s00 = 0;
      let s01 = 0;
      let s10 = 0;
      let s11 = 0;
      let s20 = 0;
      let s21 = 0;
      let s30 = 0;
      let s31 = 0;
      for (let l = 0; l < inner * tileRows; l += tileRows, r += tileColumns) {
        const b0 = right[r] as number;
        const b1 = right[r + 1] as number;
        const a0 = left[l] as number;
        const a1 = left[l + 1] as number;
        const a2 = left[l + 2] as number;
        const a3 = left[l + 3] as number;
        s00 += a0 * b0;
        s01 += a0 * b1;
        s10 += a1 * b0;
        s11 += a1 * b1;
        s20 += a2 * b0;
        s21 += a2 * b1;
        s30 += a3 * b0;
        s31 += a3 * b1;
      }
      const hasSecond = column + 1 < columns;
      const at = begin + row * columns + column;
      into[at] = s00;
      if (hasSecond) into[at + 1] = s01;
      if (row + 1 < rows) {
        into[at + columns] = s10;
        if (hasSecond) into[at + columns + 1] = s11;
      }
      if (row + 2 < rows) {
        into[at + 2 * columns] = s20;
        if (hasSecond) into[at + 2 * columns + 1] = s21;
      }
      if (row + 3 < rows) {
        into[at + 3 * columns] = s30;
        if (hasSecond) into[at + 3 * columns + 1] = s31;
      }
    }
  }
}

/** @returns the tensor's matrices, one after another; `transposed` ones as they are multiplied */
function viewsOf({ shape, dataId }: tf.TensorInfo, transposed: boolean, backend: MathBackendCPU): View[] {
  const [height, width] = shape.slice(-2) as [number, number];
  const values = backend.data.get(dataId).values as Float32Array;
  const sides = transposed
    ? { rows: width, columns: height, rowStep: 1, columnStep: width }
    : { rows: height, columns: width, rowStep: width, columnStep: 1 };
  const count = tf.util.sizeFromShape(shape.slice(0, -2));
  return Array.from({ length: count }, (_, index) => ({ values, begin: index * height * width, ...sides }));
}

/** Few rows are read once: packing them costs more than it saves. Other types and broadcasts are tfjs's, too. */
function isOurs(a: tf.TensorInfo, b: tf.TensorInfo, rows: number): boolean {
  const isSameBatch = tf.util.arraysEqual(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return rows >= tileRows && isSameBatch && a.dtype === 'float32' && b.dtype === 'float32';
}

/** Sums are of doubles and rounded once, at the end; tfjs's are rounded every 48 numbers. */
export const productInsteadOf = (tfjs: tf.KernelConfig): tf.KernelConfig => ({
  ...tfjs,
  kernelFunc: (call) => {
    const { a, b } = call.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    const { transposeA = false, transposeB = false } = (call.attrs ?? {}) as {
      transposeA?: boolean;
      transposeB?: boolean;
    };
    const rows = a.shape.at(transposeA ? -1 : -2) ?? 0;
    if (!isOurs(a, b, rows)) return tfjs.kernelFunc(call);
    const backend = call.backend as MathBackendCPU;
    const left = viewsOf(a, transposeA, backend);
    const right = viewsOf(b, transposeB, backend);
    const columns = b.shape.at(transposeB ? -2 : -1) ?? 0;
    const result = new Float32Array(left.length * rows * columns);
    for (const [index, of] of left.entries())
      multiply(of, right[index] as View, result, index * rows * columns);
    return backend.makeTensorInfo([...a.shape.slice(0, -2), rows, columns], 'float32', result);
  },
});
