/** Self-attention of all tokens. It processes a few queries against all keys at a time, so no T × T matrix is stored. */
import { sumOfLanes } from './layer-norm-code.ts';
import { fourVectors, transposeFour } from './pack-code.ts';
import { panelBytes, type Tiles } from './tiles.ts';
import { exp2 } from './vector-math.ts';
import type { FunctionReference, ModuleWriter } from '../../wasm/wasm-module.ts';
import { f32, f32x4, i32, type F32, type I32, type V128 } from '../../wasm/wasm-values.ts';

const lowest = -3e38;
/** Number of panels of eight tokens. */
export const keyPanels = (tokens: I32): I32 => i32.divide(i32.add(tokens, i32.const(7)), i32.const(8));
export const keyBytes = (tokens: I32, headWidth: I32): I32 =>
  i32.mul(keyPanels(tokens), panelBytes(2, headWidth));

/**
 * Packs the keys, scaled, into panels of eight tokens; a panel's columns are tokens.
 * Parameters: first key, stride in bytes, tokens, head width, scale, panels.
 */
function definePackKeys(module: ModuleWriter): FunctionReference {
  const parameters = ['i32', 'i32', 'i32', 'i32', 'f32', 'i32'] as const;
  return module.define(null, parameters, (f, keys, stride, tokens, headWidth, factor, panel) => {
    const scale = f.local('v128', f32x4.splat(factor));
    const token = f.local('i32', i32.const(0));
    const lanes = Array.from({ length: 8 }, () => f.local('i32'));
    const last = f.local('i32', i32.sub(tokens, i32.const(1)));
    const channel = f.local('i32');
    const block = fourVectors(f);
    const spare = fourVectors(f);
    f.count(token, tokens, i32.const(8), () => {
      for (const [lane, address] of lanes.entries()) {
        // The last panel repeats the last token; its scores are overwritten.
        const index = i32.add(token, i32.const(lane));
        const bounded = i32.select(index, last, i32.lessThan(index, last));
        f.set(address, i32.add(keys, i32.mul(stride, bounded)));
      }
      f.storeV128(panel, f32x4.const(0));
      f.storeV128(panel, f32x4.const(0), 16);
      f.set(panel, i32.add(panel, i32.const(32)));
      f.set(channel, i32.const(0));
      f.count(channel, headWidth, i32.const(4), () => {
        for (const half of [0, 1]) {
          for (const [row, vector] of block.entries())
            f.set(vector, f32x4.load(lanes[4 * half + row] ?? panel));
          transposeFour(f, block, spare);
          for (const [row, vector] of block.entries())
            f.storeV128(panel, f32x4.mul(vector, scale), 32 * row + 16 * half);
        }
        for (const address of lanes) f.set(address, i32.add(address, i32.const(16)));
        f.set(panel, i32.add(panel, i32.const(128)));
      });
    });
  });
}

/**
 * Packs the values into panels of eight channels (the last may have four), in one pass over the tokens.
 * Parameters: first value, stride in bytes, tokens, head width, panels.
 */
function definePackValues(module: ModuleWriter): FunctionReference {
  const parameters = ['i32', 'i32', 'i32', 'i32', 'i32'] as const;
  return module.define(null, parameters, (f, values, stride, tokens, headWidth, panels) => {
    const wholeBytes = f.local('i32', i32.shiftLeft(i32.divide(headWidth, i32.const(8)), i32.const(5)));
    const headBytes = f.local('i32', i32.shiftLeft(headWidth, i32.const(2)));
    const panelStride = f.local('i32', panelBytes(2, tokens));
    const row = f.local('i32', i32.const(0));
    const column = f.local('i32');
    const panel = f.local('i32');
    /** Writes one row of every panel. The first row of a panel holds the initial values of the sums. */
    const copyRow = (load: (offset: number) => V128): void => {
      f.set(column, i32.const(0));
      f.set(panel, panels);
      f.count(column, wholeBytes, i32.const(32), () => {
        const to = i32.add(panel, i32.shiftLeft(row, i32.const(5)));
        f.storeV128(to, load(0));
        f.storeV128(to, load(16), 16);
        f.set(panel, i32.add(panel, panelStride));
      });
      f.when(i32.lessThan(column, headBytes), () =>
        f.storeV128(i32.add(panel, i32.shiftLeft(row, i32.const(4))), load(0)),
      );
    };
    copyRow(() => f32x4.const(0));
    f.set(row, i32.const(1));
    f.count(row, i32.add(tokens, i32.const(1)), i32.const(1), () => {
      copyRow((offset) => f32x4.load(i32.add(values, column), offset));
      f.set(values, i32.add(values, stride));
    });
  });
}

/**
 * Scores → 2^(score − largest), in place. The result is not yet divided by its sum, which is stored. The keys were scaled
 * so that this equals the exponential of the original scores. A row is a whole number of vectors long; elements beyond
 * its tokens get a weight of next to nothing. The loop takes two vectors at a time, since its overhead costs as much as
 * one vector.
 * Parameters: row, tokens, where the sum goes.
 */
function defineSoftmaxRow(module: ModuleWriter, relaxed: boolean): FunctionReference {
  return module.define(null, ['i32', 'i32', 'i32'], (f, row, tokens, sumAt) => {
    const end = f.local('i32', i32.add(row, i32.shiftLeft(tokens, i32.const(2))));
    const paddedEnd = f.local('i32', i32.add(row, i32.shiftLeft(keyPanels(tokens), i32.const(5))));
    f.count(end, paddedEnd, i32.const(4), () => f.storeF32(end, f32.const(lowest)));
    const at = f.local('i32', row);
    const largest = f.local('v128', f32x4.const(lowest));
    const otherLargest = f.local('v128', largest);
    f.count(at, paddedEnd, i32.const(32), () => {
      f.set(largest, f32x4.max(largest, f32x4.load(at)));
      f.set(otherLargest, f32x4.max(otherLargest, f32x4.load(at, 16)));
    });
    f.set(largest, f32x4.max(largest, otherLargest));
    const pair = f32.max(f32x4.lane(largest, 0), f32x4.lane(largest, 1));
    const otherPair = f32.max(f32x4.lane(largest, 2), f32x4.lane(largest, 3));
    f.set(largest, f32x4.splat(f32.max(pair, otherPair)));
    const sums = [f.local('v128', f32x4.const(0)), f.local('v128', f32x4.const(0))] as const;
    const weight = f.local('v128');
    f.set(at, row);
    f.count(at, paddedEnd, i32.const(32), () => {
      for (const [i, sum] of sums.entries()) {
        f.set(weight, exp2(f, f32x4.sub(f32x4.load(at, 16 * i), largest), relaxed));
        f.set(sum, f32x4.add(sum, weight));
        f.storeV128(at, weight, 16 * i);
      }
    });
    f.storeF32(sumAt, sumOfLanes(f32x4.add(...sums)));
  });
}

/** The scale of keys for which 2 to the power of the scores is e to the power of the scores with the given scale. */
export const keyScale = (scaleBits: I32): F32 => f32.mul(f32.ofBits(scaleBits), f32.const(Math.LOG2E));

/**
 * Rows times all panels of a head's channels.
 * Parameters: from, its stride, panels, depth, to, its stride, rows, head's bytes.
 */
function defineTimesHead(module: ModuleWriter, tiles: Tiles['rowsTimesPanel']): FunctionReference {
  const parameters = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  return module.define(
    null,
    parameters,
    (f, from, fromStride, panel, depth, to, toStride, rows, headBytes) => {
      const column = f.local('i32', i32.const(0));
      f.count(column, headBytes, i32.const(32), () => {
        const times = (vectors: 1 | 2): void =>
          f.call(tiles[vectors], from, fromStride, panel, depth, i32.add(to, column), toStride, rows);
        f.when(
          i32.lessThan(i32.add(column, i32.const(16)), headBytes),
          () => times(2),
          () => times(1),
        );
        f.set(panel, i32.add(panel, panelBytes(2, depth)));
      });
    },
  );
}

/**
 * Rows times panels of all tokens.
 * Parameters: from, its stride, panels, depth, to, its stride (whole panels), rows.
 */
function defineTimesTokens(module: ModuleWriter, { rowsTimesPanel }: Tiles): FunctionReference {
  const parameters = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  return module.define(null, parameters, (f, from, fromStride, panel, depth, to, toStride, rows) => {
    const column = f.local('i32', i32.const(0));
    f.count(column, toStride, i32.const(32), () => {
      f.call(rowsTimesPanel[2], from, fromStride, panel, depth, i32.add(to, column), toStride, rows);
      f.set(panel, i32.add(panel, panelBytes(2, depth)));
    });
  });
}

/**
 * Attention of some queries of a head.
 * Parameters: first query, stride of queries in bytes, tokens, head's bytes, packed keys, packed values, result, its
 * stride, queries, memory for scores and sums.
 */
function defineAttendQueries(
  module: ModuleWriter,
  { timesTokens, timesHead, softmaxRow }: Pick<AttentionParts, 'timesTokens' | 'timesHead' | 'softmaxRow'>,
): FunctionReference {
  return module.define(
    null,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, query, queryStride, tokens, headBytes, keys, values, result, resultStride, queries, scratch) => {
      const scoresStride = f.local('i32', i32.shiftLeft(keyPanels(tokens), i32.const(5)));
      const sums = f.local('i32', i32.add(scratch, i32.mul(scoresStride, queries)));
      const headWidth = i32.shiftRight(headBytes, i32.const(2));
      const row = f.local('i32', i32.const(0));
      const column = f.local('i32');
      const scale = f.local('v128');
      f.call(timesTokens, query, queryStride, keys, headWidth, scratch, scoresStride, queries);
      f.count(row, queries, i32.const(1), () => {
        const sumAt = i32.add(sums, i32.shiftLeft(row, i32.const(2)));
        f.call(softmaxRow, i32.add(scratch, i32.mul(row, scoresStride)), tokens, sumAt);
      });
      f.call(timesHead, scratch, scoresStride, values, tokens, result, resultStride, queries, headBytes);
      f.set(row, i32.const(0));
      f.count(row, queries, i32.const(1), () => {
        const sum = f32.load(i32.add(sums, i32.shiftLeft(row, i32.const(2))));
        f.set(scale, f32x4.splat(f32.divide(f32.const(1), sum)));
        f.set(column, i32.const(0));
        f.count(column, headBytes, i32.const(16), () => {
          const at = i32.add(result, column);
          f.storeV128(at, f32x4.mul(f32x4.load(at), scale));
        });
        f.set(result, i32.add(result, resultStride));
      });
    },
  );
}

/** Functions that attention is built from, forward and backward. */
export interface AttentionParts {
  readonly packKeys: FunctionReference;
  readonly packValues: FunctionReference;
  readonly softmaxRow: FunctionReference;
  readonly timesTokens: FunctionReference;
  readonly timesHead: FunctionReference;
  /** As `timesHead`, for packed rows. */
  readonly packedTimesHead: FunctionReference;
  readonly attendQueries: FunctionReference;
}

function defineParts(module: ModuleWriter, tiles: Tiles, relaxed: boolean): AttentionParts {
  const parts = {
    packKeys: definePackKeys(module),
    packValues: definePackValues(module),
    softmaxRow: defineSoftmaxRow(module, relaxed),
    timesTokens: defineTimesTokens(module, tiles),
    timesHead: defineTimesHead(module, tiles.rowsTimesPanel),
    packedTimesHead: defineTimesHead(module, tiles.packedTimesPanel),
  };
  return { ...parts, attendQueries: defineAttendQueries(module, parts) };
}

/** Bytes of one head's packed keys. */
export const keysBytes = (tokens: number, headWidth: number): number =>
  Math.ceil(tokens / 8) * (headWidth + 1) * 32;
const valuesBytes = (tokens: number, headWidth: number): number => (headWidth / 4) * (tokens + 1) * 16;
const scoresBytes = (tokens: number): number => Math.ceil(tokens / 8) * 32;

/** Bytes of one head's packed keys and values. */
export const packedHeadBytes = (tokens: number, headWidth: number): number =>
  keysBytes(tokens, headWidth) + valuesBytes(tokens, headWidth);

/** Bytes of scratch memory that `attend` needs for this number of queries at a time. */
export const attendScratchBytes = (tokens: number, queries: number): number =>
  queries * (scoresBytes(tokens) + 4);

/** Bytes of scratch memory that `attendSequences` needs, including a head's keys and values. */
export const sequenceScratchBytes = (tokens: number, headWidth: number, queries: number): number =>
  packedHeadBytes(tokens, headWidth) + attendScratchBytes(tokens, queries);

/** Bytes of scratch memory that `attentionGradient` needs. */
export const gradientScratchBytes = (tokens: number, headWidth: number, queries: number): number =>
  2 * keysBytes(tokens, headWidth) +
  valuesBytes(tokens, headWidth) +
  2 * valuesBytes(queries, headWidth) +
  2 * queries * scoresBytes(tokens) +
  4 * queries +
  4 * tokens * queries +
  4 * tokens * headWidth;

/** Two steps, each over a thread's share of the work: packing heads, then attention of groups of queries. */
export function defineAttention(module: ModuleWriter, tiles: Tiles, relaxed: boolean): AttentionParts {
  const parts = defineParts(module, tiles, relaxed);
  const { packKeys, packValues, attendQueries } = parts;

  // Packs the heads [begin, end). Further parameters: qkv [tokens, 3 × channels], tokens, channels, head width, the
  // scale's bits, packed.
  module.define(
    'packHeads',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, _scratch, begin, end, qkv, tokens, channels, headWidth, scaleBits, packed) => {
      const channelBytes = f.local('i32', i32.shiftLeft(channels, i32.const(2)));
      const stride = f.local('i32', i32.mul(channelBytes, i32.const(3)));
      const allKeys = f.local('i32', keyBytes(tokens, headWidth));
      const allValues = f.local('i32', i32.mul(i32.divide(headWidth, i32.const(4)), panelBytes(1, tokens)));
      const keys = f.local('i32');
      const to = f.local('i32');
      f.count(begin, end, i32.const(1), () => {
        const head = i32.mul(begin, i32.shiftLeft(headWidth, i32.const(2)));
        f.set(keys, i32.add(i32.add(qkv, channelBytes), head));
        f.set(to, i32.add(packed, i32.mul(begin, i32.add(allKeys, allValues))));
        f.call(packKeys, keys, stride, tokens, headWidth, keyScale(scaleBits), to);
        f.call(packValues, i32.add(keys, channelBytes), stride, tokens, headWidth, i32.add(to, allKeys));
      });
    },
  );

  // Attention of the groups [begin, end); the groups of a head are adjacent. Further parameters: qkv, tokens, channels,
  // head width, packed, result, queries a group, groups a head.
  module.define(
    'attend',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, scratch, begin, end, qkv, tokens, channels, headWidth, packed, result, groupQueries, groups) => {
      const channelBytes = f.local('i32', i32.shiftLeft(channels, i32.const(2)));
      const qkvStride = f.local('i32', i32.mul(channelBytes, i32.const(3)));
      const allKeys = f.local('i32', keyBytes(tokens, headWidth));
      const allValues = f.local('i32', i32.mul(i32.divide(headWidth, i32.const(4)), panelBytes(1, tokens)));
      const headBytes = f.local('i32', i32.shiftLeft(headWidth, i32.const(2)));
      const first = f.local('i32');
      const queries = f.local('i32');
      const keys = f.local('i32');
      f.count(begin, end, i32.const(1), () => {
        const head = i32.divide(begin, groups);
        f.set(first, i32.mul(i32.remainder(begin, groups), groupQueries));
        const left = i32.sub(tokens, first);
        f.set(queries, i32.select(left, groupQueries, i32.lessThan(left, groupQueries)));
        f.set(keys, i32.add(packed, i32.mul(head, i32.add(allKeys, allValues))));
        f.call(
          attendQueries,
          i32.add(i32.add(qkv, i32.mul(first, qkvStride)), i32.mul(head, headBytes)),
          qkvStride,
          tokens,
          headBytes,
          keys,
          i32.add(keys, allKeys),
          i32.add(i32.add(result, i32.mul(first, channelBytes)), i32.mul(head, headBytes)),
          channelBytes,
          queries,
          scratch,
        );
      });
    },
  );
  return parts;
}
