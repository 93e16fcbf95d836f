/** Softmax rows on plain arrays: checked as they come back from the device, shape [H, Q, T], and taken apart, shape [Q, H, T]. */
import { FailureError } from '../core/failure.ts';

export interface RowsShape {
  readonly numHeads: number;
  /** Q, tokens that look. */
  readonly queries: number;
  /** T, tokens that are looked at. */
  readonly tokens: number;
}

/** From `begin` on, without `end`. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

/** Of rows that begin with CLS, go on with the registers, and end there. */
const registerName = (query: number): string | null => (query === 0 ? null : `register ${query}`);

/**
 * A softmax row sums to 1; what a GPU leaves when it fails without an error (zeros, NaN, other values) does not. Rows
 * of another photograph would pass; the fault watch finds those.
 * @param nameOf the token of a query, for the failure; null for CLS
 * @throws FailureError 'wrong-result'
 */
export function checkRows(
  values: Float32Array,
  { numHeads, queries, tokens }: RowsShape,
  nameOf: (query: number) => string | null = registerName,
): void {
  for (let row = 0; row < numHeads * queries; row++) {
    let sum = 0;
    for (let token = 0; token < tokens; token++) sum += values[row * tokens + token] as number;
    if (!(Math.abs(sum - 1) < 1e-3)) {
      const name = nameOf(row % queries);
      const asked = name === null ? '' : ` for ${name}`;
      throw new FailureError({
        code: 'wrong-result',
        problem: `head ${Math.floor(row / queries) + 1} sums to ${sum.toPrecision(4)} instead of 1${asked}`,
      });
    }
  }
}

/** @param values shape [Q, H, T] @returns the attention of some queries to some tokens, shape [queries, H, tokens] */
export function takeColumns(
  values: Float32Array,
  shape: Omit<RowsShape, 'queries'>,
  queries: Span,
  tokens: Span,
): Float32Array<ArrayBuffer> {
  const width = tokens.end - tokens.begin;
  const taken = new Float32Array((queries.end - queries.begin) * shape.numHeads * width);
  let at = 0;
  for (let query = queries.begin; query < queries.end; query++)
    for (let head = 0; head < shape.numHeads; head++, at += width) {
      const row = (query * shape.numHeads + head) * shape.tokens;
      taken.set(values.subarray(row + tokens.begin, row + tokens.end), at);
    }
  return taken;
}
