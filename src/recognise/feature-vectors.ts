/** From what is kept of each photograph to the vectors that are compared. */
import { pooledParts, type FeatureKind } from '../core/recognition.ts';

/** Rows of the same length, one after the other. */
export interface FeatureVectors {
  /** N */
  readonly count: number;
  /** D: C for 'cls' and 'mean', 2 · C for 'both' and 'copy' */
  readonly channels: number;
  /** shape [N, D]; each row has the length 1, or is 0 */
  readonly values: Float32Array<ArrayBuffer>;
}

/** As in `torch.nn.functional.normalize`: a shorter vector is divided by this. */
const leastLength = 1e-12;

function makeUnit(row: Float32Array): void {
  let squares = 0;
  for (const value of row) squares += value * value;
  const length = Math.max(Math.sqrt(squares), leastLength);
  for (let i = 0; i < row.length; i++) row[i] = (row[i] as number) / length;
}

/** @param rows of the same length, at least one */
export function unitVectors(rows: readonly Float32Array[]): FeatureVectors {
  const channels = rows[0]?.length ?? 0;
  const values = new Float32Array(rows.length * channels);
  for (const [at, own] of rows.entries()) {
    const row = values.subarray(at * channels, (at + 1) * channels);
    row.set(own);
    makeUnit(row);
  }
  return { count: rows.length, channels, values };
}

/** Which of the kept parts a kind takes, and whether each is brought to length 1 before they are joined. */
const recipes: Readonly<
  Record<FeatureKind, { readonly parts: readonly number[]; readonly isEachUnit: boolean }>
> = {
  cls: { parts: [0], isEachUnit: false },
  mean: { parts: [1], isEachUnit: false },
  both: { parts: [0, 1], isEachUnit: true },
  copy: { parts: [0, 2], isEachUnit: false },
};

/**
 * @param pooled CLS, mean and GeM of each photograph, shape [N, 3, C]
 * @param channels C
 */
export function featureVectors(pooled: Float32Array, channels: number, kind: FeatureKind): FeatureVectors {
  const count = pooled.length / (pooledParts * channels);
  if (!Number.isInteger(count))
    throw new Error(`${pooled.length} numbers are no vectors of ${pooledParts} × ${channels}`);
  const { parts, isEachUnit } = recipes[kind];
  const length = parts.length * channels;
  const values = new Float32Array(count * length);
  for (let item = 0; item < count; item++) {
    const row = values.subarray(item * length, (item + 1) * length);
    for (const [at, part] of parts.entries()) {
      const begin = (item * pooledParts + part) * channels;
      const target = row.subarray(at * channels, (at + 1) * channels);
      target.set(pooled.subarray(begin, begin + channels));
      if (isEachUnit) makeUnit(target);
    }
    makeUnit(row);
  }
  return { count, channels: length, values };
}
