/** Values that are not stored one after the other in row-major order, or not from the lowest byte on. */

interface Strided {
  readonly shape: readonly number[];
  /** In values. */
  readonly strides: readonly number[];
}

export function isContiguous({ shape, strides }: Strided): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const side = shape[axis] ?? 0;
    if (side !== 1 && strides[axis] !== expected) return false;
    expected *= side;
  }
  return true;
}

/** Puts a view's values into row-major order. */
export function gather(
  values: Float32Array,
  { shape, strides }: Strided,
  count: number,
): Float32Array<ArrayBuffer> {
  const gathered = new Float32Array(count);
  const position = shape.map(() => 0);
  let at = 0;
  for (let i = 0; i < count; i++) {
    gathered[i] = values[at] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [side = 0, stride = 0] = [shape[axis], strides[axis]];
      at += stride;
      position[axis] = (position[axis] ?? 0) + 1;
      if (position[axis] !== side) break;
      at -= stride * side;
      position[axis] = 0;
    }
  }
  return gathered;
}

export function reverseElements(bytes: Uint8Array, bytesPerElement: number): void {
  for (let at = 0; at < bytes.length; at += bytesPerElement)
    bytes.subarray(at, at + bytesPerElement).reverse();
}
