/** Reads attention rows of a pass back from the device, and checks them. */
import * as tf from '@tensorflow/tfjs-core';
import { specialTokenCount, type VitArchitecture } from '../core/architecture.ts';
import { submitTogether } from '../gpu/submit-together.ts';
import { checkFeatures } from './check-features.ts';
import { readValues } from './read-values.ts';
import { queriesOfTokens } from './run-block.ts';
import { checkRows } from './softmax-rows.ts';
import type { BlockParameters } from './parameters.ts';
import type { Tapped } from './tapped.ts';
import { blocksOf, queriesOf, type Facet, type TokenIndex } from './taps.ts';

/** Rows of softmax(QKᵀ/√D), over all tokens, not renormalised. */
export interface AttentionRows {
  readonly blocks: readonly number[];
  readonly queries: readonly TokenIndex[];
  readonly numHeads: number;
  /** T */
  readonly tokens: number;
  /** shape [blocks, queries, H, T]; special tokens first; each row sums to 1 */
  readonly values: Float32Array<ArrayBuffer>;
  /** When they had been read back, by `performance.now()`. */
  readonly readAt: number;
}

/** Rows of one block that come back together. */
interface Part {
  readonly block: number;
  readonly queries: readonly TokenIndex[];
  /** shape [H × Q, T]; whoever calls it disposes */
  make(): tf.Tensor2D;
}

/** Rows of one block: those that the pass computed, or computed now from what it kept, some queries at a time. */
function partsOf(tapped: Tapped, block: number, queries: readonly TokenIndex[]): Part[] {
  const { parameters, layers, tokens, maxScoresBytes } = tapped;
  const { architecture } = parameters;
  const kept = tapped.keptOf(block);
  const { attention } = kept;
  const there = new Set(kept.queries);
  if (attention !== null && queries.every((query) => there.has(query)))
    return [{ block, queries: kept.queries, make: () => tf.clone(attention) }];
  const most = Math.max(1, Math.floor(maxScoresBytes / (4 * architecture.numHeads * tokens)));
  return Array.from({ length: Math.ceil(queries.length / most) }, (_, i): Part => {
    const some = queries.slice(i * most, (i + 1) * most);
    const make = (): tf.Tensor2D =>
      tf.tidy(() => {
        const of = parameters.blocks[block] as BlockParameters;
        const asked = queriesOfTokens(kept.parts, of, architecture, layers, some);
        return layers.queryRows(asked, tapped.facet(block, 'key'), architecture.numHeads);
      });
    return { block, queries: some, make };
  });
}

/** Parts that come back together: as many as stay below the bound, at least one. */
function batchesOf(parts: readonly Part[], rowBytes: number, maxBytes: number): Part[][] {
  const batches: Part[][] = [];
  let room = 0;
  for (const part of parts) {
    const bytes = part.queries.length * rowBytes;
    const last = batches.at(-1);
    if (last !== undefined && bytes <= room) last.push(part);
    else {
      batches.push([part]);
      room = maxBytes;
    }
    room -= bytes;
  }
  return batches;
}

function concatenated(parts: readonly Part[]): tf.Tensor2D {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first.make();
  return tf.tidy(() =>
    tf.concat2d(
      parts.map(({ make }) => make()),
      0,
    ),
  );
}

/** A token's name for a failure's sentence; null for CLS in the last block, which is not named. */
function nameOfRow(
  token: TokenIndex,
  block: number,
  columns: number,
  architecture: VitArchitecture,
): string | null {
  const special = specialTokenCount(architecture);
  const patch = token - special;
  const position = `the patch in row ${Math.floor(patch / columns) + 1}, column ${(patch % columns) + 1}`;
  const name = token === 0 ? 'CLS' : token < special ? `register ${token}` : position;
  if (block === architecture.depth - 1) return token === 0 ? null : name;
  return `${name} in block ${block + 1}`;
}

/**
 * All blocks' rows in one read-back, or where they are large in several.
 * @param tapped keeps these rows, or 'all' of these blocks; borrowed
 * @throws FailureError on a fault of the device, or where a row does not sum to 1
 */
export async function readAttention(
  tapped: Tapped,
  blocks: 'all' | readonly number[],
  queries: 'special' | readonly TokenIndex[],
): Promise<AttentionRows> {
  const { tokens, columns, maxScoresBytes } = tapped;
  const { architecture } = tapped.parameters;
  const { numHeads } = architecture;
  const numbers = blocksOf(blocks, architecture.depth);
  const asked = queriesOf(queries, architecture, tokens);
  const values = new Float32Array(numbers.length * asked.length * numHeads * tokens);
  const place = (block: number, query: number, head: number): number =>
    ((numbers.indexOf(block) * asked.length + query) * numHeads + head) * tokens;
  let readAt = NaN;
  const parts = numbers.flatMap((block) => partsOf(tapped, block, asked));
  for (const batch of batchesOf(parts, 4 * numHeads * tokens, maxScoresBytes)) {
    const bytes = batch.length * 4 * numHeads * tokens * asked.length;
    const read = await submitTogether(bytes, () => readValues(concatenated(batch), tapped.faults));
    ({ readAt } = read);
    let begin = 0;
    for (const { block, queries: those } of batch) {
      const end = begin + numHeads * those.length * tokens;
      const rows = read.values.subarray(begin, end);
      begin = end;
      checkRows(rows, { numHeads, queries: those.length, tokens }, (query) =>
        nameOfRow(those[query] as TokenIndex, block, columns, architecture),
      );
      const from = new Map(those.map((token, query) => [token, query]));
      for (const [to, token] of asked.entries()) {
        const query = from.get(token);
        if (query === undefined) continue;
        for (let head = 0; head < numHeads; head++) {
          const row = (head * those.length + query) * tokens;
          values.set(rows.subarray(row, row + tokens), place(block, to, head));
        }
      }
    }
  }
  return { blocks: numbers, queries: asked, numHeads, tokens, values, readAt };
}

/** @returns shape [T, C], special tokens first @throws FailureError on a fault of the device, or where a value is not finite */
export async function readTokens(
  tapped: Tapped,
  block: number,
  facet: Facet,
): Promise<Float32Array<ArrayBuffer>> {
  // Copies, on the device and here: a tensor that is read itself leaves the device, and some back ends give the very array they hold.
  const copy = tf.tidy(() => tf.slice(tapped.facet(block, facet), [0, 0]));
  const { values } = await readValues(copy, tapped.faults);
  checkFeatures(values);
  return values.slice();
}
