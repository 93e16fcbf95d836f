/** What a conversion did to each part of a network, as a table for people. */
import type { NamedTensor } from '../../src/core/architecture.ts';
import { decodeFloat16, encodeFloat16 } from '../../src/core/float16.ts';
import type { WeightsDtype } from '../../src/formats/tfjs-manifest.ts';

interface Row {
  parameters: number;
  bytes: number;
  /** The largest |stored − original|. */
  maxError: number;
}

const bytesPerValue: Readonly<Record<WeightsDtype, number>> = { float32: 4, float16: 2 };

function maxQuantizationError(values: Float32Array, dtype: WeightsDtype): number {
  if (dtype === 'float32') return 0;
  const stored = decodeFloat16(encodeFloat16(values));
  let largest = 0;
  for (const [i, value] of values.entries()) {
    const error = Math.abs((stored[i] ?? NaN) - value);
    // What is no number, or too large for a half, is an error without bounds.
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
    const maxError = maxQuantizationError(values, dtype);
    for (const sum of [row, total]) {
      sum.parameters += values.length;
      sum.bytes += values.length * bytesPerValue[dtype];
      sum.maxError = Math.max(sum.maxError, maxError);
    }
  }
  const cells = [
    ['part', 'parameters', 'bytes', 'max error'],
    ...[...rows, ['total', total] as const].map(([part, row]) => [
      part,
      row.parameters.toLocaleString('en'),
      row.bytes.toLocaleString('en'),
      row.maxError === 0 ? '0' : row.maxError.toExponential(1),
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  return cells.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
}
