/** A table of what a conversion changed in each part of a network. */
import type { NamedTensor } from '../../src/core/architecture.ts';
import { decodeWeight, encodeWeight, type WeightsDtype } from '../../src/formats/weight-encoding.ts';
import { formatTable } from './format-table.ts';

interface Row {
  parameters: number;
  bytes: number;
  /** The largest |stored − original|. */
  maxError: number;
}

function maxDifference(values: Float32Array, stored: Float32Array): number {
  let largest = 0;
  for (const [i, value] of values.entries()) {
    const error = Math.abs((stored[i] ?? NaN) - value);
    // NaN, or a value that is too large for a float16, counts as an infinite error.
    if (!(error <= largest)) largest = Number.isNaN(error) ? Infinity : error;
  }
  return largest;
}

/** Blocks are one row each; the rest goes by the first part of its name. */
const partOf = (name: string): string => /^(blocks\.\d+|[^.]+)/.exec(name)?.[0] ?? name;

/** @returns lines of equal columns: part, parameters, bytes, largest quantization error; the last line is the whole */
export function summarise(parameters: ReadonlyMap<string, NamedTensor>, dtype: WeightsDtype): string[] {
  const rows = new Map<string, Row>();
  const total: Row = { parameters: 0, bytes: 0, maxError: 0 };
  for (const [name, { values }] of parameters) {
    const part = partOf(name);
    const row = rows.get(part) ?? { parameters: 0, bytes: 0, maxError: 0 };
    rows.set(part, row);
    const { bytes, encoding } = encodeWeight(name, values, dtype);
    const maxError = maxDifference(values, decodeWeight(bytes, encoding));
    for (const sum of [row, total]) {
      sum.parameters += values.length;
      sum.bytes += bytes.byteLength;
      sum.maxError = Math.max(sum.maxError, maxError);
    }
  }
  return formatTable([
    ['part', 'parameters', 'bytes', 'max error'],
    ...[...rows, ['total', total] as const].map(([part, row]) => [
      part,
      row.parameters.toLocaleString('en'),
      row.bytes.toLocaleString('en'),
      row.maxError === 0 ? '0' : row.maxError.toExponential(1),
    ]),
  ]);
}
